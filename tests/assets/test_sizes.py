from dressform.assets.sizes import nearest_size, ordered_sizes

CHART = {"L": {"chest": 1.02, "waist": 0.82}, "M": {"chest": 0.98, "waist": 0.78}, "one": {}}


def test_sizes_go_from_small_to_large_and_others_stay_as_they_stand() -> None:
    assert ordered_sizes(["XL", "34-32", "2XL", "S", "M", "30-30", "L"]) == [
        "S",
        "M",
        "L",
        "XL",
        "2XL",
        "34-32",
        "30-30",
    ]


def test_the_nearest_size_is_that_of_the_girths() -> None:
    body = {"chest": 1.01, "waist": 0.81, "hip": 1.0}
    assert nearest_size(CHART, body, "one") == "L"
    assert nearest_size(CHART, {**body, "chest": 0.9, "waist": 0.7}, "one") == "M"
    assert nearest_size({"one": {}}, body, "one") == "one"
