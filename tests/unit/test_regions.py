"""Names of Regions: known, newer than botocore, and mistyped."""

import pytest

from tfmfa_nb.authentication.aws_regions import mistyped


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1", "ap-southeast-5"])
def test_regions_are_right(region):
    assert mistyped(region) is None


@pytest.mark.parametrize("region", ["eu-central-9", "nz-southeast-1", "us-south-12"])
def test_a_region_may_be_newer_than_botocore(region):
    assert mistyped(region) is None


@pytest.mark.parametrize(
    ("region", "meant"),
    [
        ("eu-centrl-1", "eu-central-1"),
        ("us-east1", "us-east-1"),
        ("us-east-1 ", "us-east-1"),
        ("US-EAST-1", "us-east-1"),
        ("us-east-1a", "us-east-1"),
        ("Frankfurt", ""),
        ("", ""),
    ],
)
def test_a_mistyped_region_is_told_with_the_one_that_was_meant(region, meant):
    assert mistyped(region) == meant
