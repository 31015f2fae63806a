"""Templates on a body: shape transfer, skinning, push-out, layers."""
