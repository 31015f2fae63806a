"""Programs that print every figure of the documentation; `dressform bench NAME` runs them."""
