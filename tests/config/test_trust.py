"""A config from a run folder is data: the ways to make it run something else are tried here."""

from __future__ import annotations

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from segladder.config.trust import check_targets
from segladder.types import UserError


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "subprocess.Popen",
        "builtins.eval",
        "setuptools._distutils.spawn.spawn",
        "torch.hub.load",
        "torch.load",
        "torch._inductor.codecache.PyCodeCache.load",
        "pathlib.Path.write_text",
        "pathlib.Path",
        "hydra.utils.get_method",
        "hydra.utils.get_class",
        "hydra.utils.instantiate",
        "functools.partial",
        "timm.create_model",
        "torch.optim.lr_scheduler.LambdaLR",
        "torchvision.transforms.v2.Lambda",
        "torch.nn.Conv2d.__init__",
        "torch.nn",
        "torch.nn.functional.relu",
        "transformers.pipeline",
        "segladder.config.build.build",
        "segladder.config.app.run_app",
        "segladder.types.UserError",
        "segladder.losses.expression.parse",
        "segladder.losses.expression.re.compile",
        "segladder.losses.expression.Mapping",
        "segladder.losses.expression.math",
        "segladder.losses",
        "segladder.losses.Nothing",
        "segladder.losses.LossSum.forward",
        "segladder.losses.LossSum.__class__",
        "segladder.losses.__builtins__",
        "segladder.losses..LossSum",
        "segladder.lossesx.LossSum",
        "toyparts.Net",
        "",
        ".",
        3,
        None,
        ["os.system"],
        {"_target_": "os.system"},
    ],
)
def test_what_is_not_on_the_list_is_refused(target) -> None:
    with pytest.raises(UserError):
        check_targets({"model": {"_target_": target}})


@pytest.mark.parametrize(
    "config",
    [
        {"a": [{"b": {"_target_": "os.system"}}]},
        {"_target_": "segladder.losses.LossSum", "terms": {"x": {"_target_": "os.system"}}},
        {
            "model": {
                "_target_": "segladder.losses.LossSum",
                "_args_": [{"_target_": "os.system", "_args_": ["id"]}],
            }
        },
        {"model": {"_target_": "os.system", "_partial_": True}},
        {"word": "os.system", "model": {"_target_": "${word}"}},
        {"half": "os", "model": {"_target_": "${half}.system"}},
        {"node": {"_target_": "os.system"}, "model": "${node}"},
        {"key": "${oc.env:HOME}"},
        {"key": "x-${oc.env:HOME,none}"},
        {"key": "${oc.create:{_target_:os.system}}"},
        {"key": "${a.b:${c}}"},
        {"model": "${nowhere}"},
        [{"_target_": "os.system"}],
    ],
)
def test_no_corner_of_a_config_is_overlooked(config) -> None:
    with pytest.raises(UserError):
        check_targets(OmegaConf.create(config))


def test_our_own_and_named_classes_pass() -> None:
    check_targets({"opt": {"_target_": "torch.optim.AdamW", "_partial_": True, "lr": 1}, "lr": "${opt.lr}"})
    check_targets(
        {"a": {"_target_": "segladder.losses.LossSum", "terms": {"d": {"_target_": "segladder.losses.Dice"}}}}
    )


def test_a_users_package_passes_where_he_names_it_and_its_functions_do_not() -> None:
    check_targets({"model": {"_target_": "toyparts.Net"}}, plugins=["toyparts"])
    for target in ("toyparts.make_net", "toyparts.Path", "toypartsx.Net"):
        with pytest.raises(UserError):
            check_targets({"model": {"_target_": target}}, plugins=["toyparts"])


def test_plugins_named_by_the_config_itself_do_not_count() -> None:
    with pytest.raises(UserError, match=r"plugins=\[toyparts\]"):
        check_targets({"plugins": ["toyparts"], "model": {"_target_": "toyparts.Net"}})


def test_a_refused_target_is_not_even_imported() -> None:
    code = (
        "import sys\nfrom segladder.config.trust import check_targets\n"
        "try: check_targets({'_target_': 'torch.hub.load'})\n"
        "except ValueError: sys.exit('torch' in sys.modules)\n"
        "sys.exit(2)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
