from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from segladder.config.secrets import public, scrub


@pytest.fixture(autouse=True)
def environment(monkeypatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("PLAIN", "plainvalue")


def test_nothing_of_the_environment_is_in_the_public_config() -> None:
    cfg = OmegaConf.create(
        {
            "direct": "${oc.env:WANDB_API_KEY}",
            "inside": "key ${oc.env:PLAIN}!",
            "default": "${oc.env:NOT_SET,fallback}",
            "pointer": "${direct}",
            "nested": {"list": ["${pointer}", 1]},
            "decoded": "${oc.decode:${oc.env:PLAIN}}",
            "typed": "login 0123456789abcdef",
        }
    )
    shown = public(cfg)
    assert "0123456789abcdef" not in str(shown)
    assert "plainvalue" not in str(shown)
    assert shown["direct"] == shown["pointer"] == shown["nested"]["list"][0] == "<hidden: $WANDB_API_KEY>"
    assert shown["inside"] == "key <hidden: $PLAIN>!"
    assert cfg.direct == "0123456789abcdef", "the config itself still resolves"


@pytest.mark.parametrize(
    "key",
    [
        "api_key",
        "apikey",
        "WANDB_API_KEY",
        "token",
        "auth_token",
        "hf_token",
        "password",
        "client_secret",
        "credentials",
    ],
)
def test_texts_under_the_name_of_a_secret_are_hidden(key: str) -> None:
    assert public(OmegaConf.create({"logger": {key: "abc"}})) == {"logger": {key: "<hidden>"}}


def test_ordinary_settings_stay() -> None:
    plain = {
        "num_tokens": 7,
        "token": 3,
        "tokenizer": "bpe",
        "key": "miou",
        "password": None,
        "keys": ["a"],
        "lr": "???",
    }
    assert public(OmegaConf.create(plain)) == plain


def test_values_are_resolved() -> None:
    assert public(OmegaConf.create({"a": 1, "b": "${a}", "c": {"d": "${..b}"}})) == {
        "a": 1,
        "b": 1,
        "c": {"d": 1},
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("logger.wandb.api_key=abc", "logger.wandb.api_key=<hidden>"),
        ("++x.password='a b'", "++x.password=<hidden>"),
        ("model=unet", "model=unet"),
        ("a=hf_" + "a" * 34, "a=<hidden>"),
        ("root=https://me:pw123@host/x", "root=https://<hidden>@host/x"),
        ("note=0123456789abcdef", "note=<hidden>"),
    ],
)
def test_a_line_is_scrubbed(text: str, shown: str) -> None:
    assert scrub(text) == shown
