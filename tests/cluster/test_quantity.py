import pytest

from components.cluster.quantity import binary, cores, gibibytes, millicores, size, told_apart


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("500m", 500), ("2", 2000), (2, 2000), (0.5, 500), ("0.5", 500), ("1.25", 1250), ("0", 0)],
)
def test_cpu_in_millicores(quantity, number):
    assert millicores(quantity) == number


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("1Ki", 1024),
        ("64k", 64_000),
        ("512Mi", 512 * 2**20),
        ("2M", 2_000_000),
        ("1.5Gi", 3 * 2**29),
        ("3G", 3_000_000_000),
        ("1Ti", 2**40),
        ("1T", 10**12),
        (7, 7),
    ],
)
def test_size_in_bytes(quantity, number):
    assert size(quantity) == number


@pytest.mark.parametrize("quantity", ["1Ki", "3Mi", "11Gi", "2Ti", "1023Mi", "1025Ki"])
def test_binary_is_the_way_back(quantity):
    assert binary(size(quantity)) == quantity


def test_binary_is_exact():
    assert binary(1023) == "1023" and binary(0) == "0" and binary(1024 * 2**30) == "1Ti"


def test_words():
    assert gibibytes(5_905_580_032) == "5.5 GiB"
    assert cores(7500) == "7.5" and cores(4000) == "4"


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (6 * 2**30, 5 * 2**30, ("6.0 GiB", "5.0 GiB")),
        (5_905_580_032 + 2**24, 5_905_580_032, ("5.52 GiB", "5.50 GiB")),
        (2**30 + 1, 2**30, ("1.000000001 GiB", "1.000000000 GiB")),
        (2**30, 2**30, ("1.0 GiB", "1.0 GiB")),
    ],
)
def test_what_is_not_the_same_does_not_look_the_same(one, other, said):
    assert told_apart(one, other) == said
