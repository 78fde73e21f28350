"""A setting that is misspelt or wrong is told by the name under which it was set."""

import pytest
from pydantic import ValidationError

from caudal.misspelt import strangers, told
from gateway.settings import GatewaySettings


def test_a_variable_that_is_no_setting_is_told_with_the_one_it_resembles() -> None:
    assert strangers(["CAUDAL_PROT", "CAUDAL_PORT", "CAUDAL_DEBUG", "CAUDAL_TEST_BROKER", "HOME"]) == [
        "no setting is called CAUDAL_PROT; CAUDAL_PORT is"
    ]
    assert strangers(["CAUDAL_XYZZY_QUUX"]) == ["no setting is called CAUDAL_XYZZY_QUUX"]


def test_a_wrong_setting_is_told_without_what_it_was_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUDAL_FETCH_RECORDS", "lots")
    monkeypatch.setenv("CAUDAL_ATTRIBUTION_KEY", "s3cret" * 20)
    with pytest.raises(ValidationError) as caught:
        GatewaySettings()
    sentences = told(caught.value)
    assert "CAUDAL_FETCH_RECORDS (--fetch-records): " in sentences
    assert "CAUDAL_ATTRIBUTION_KEY (--attribution-key): " in sentences
    assert "s3cret" not in sentences
