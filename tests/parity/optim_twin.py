"""What tx-train's "optimizer", "lr_scheduler" and "lr_warmup" mean in Python: torch.optim and its lr_scheduler."""

import torch
from torch.optim import lr_scheduler


def make_optimizer(config, parameters):
    arguments = dict(config)
    return getattr(torch.optim, arguments.pop("name"))(parameters, **arguments)


def make_sequence(config, optimizer, steps):
    milestones = config["milestones"]
    spans = zip([0, *milestones], [*milestones, steps])
    return [make_one(part, optimizer, max(1, end - begin))
            for part, (begin, end) in zip(config["schedulers"], spans)]


def make_one(config, optimizer, steps):
    arguments = dict(config)
    name = arguments.pop("name")
    arguments.pop("interval", None)
    if name == "SequentialLR":
        return lr_scheduler.SequentialLR(optimizer, make_sequence(config, optimizer, steps), config["milestones"])
    if name == "ChainedScheduler":
        return lr_scheduler.ChainedScheduler([make_one(part, optimizer, steps) for part in config["schedulers"]],
                                             optimizer)
    for key in ("T_max", "total_iters"):
        if key in arguments:
            arguments[key] = arguments[key] or steps
    if name == "OneCycleLR":
        arguments["total_steps"] = steps
    if name == "ReduceLROnPlateau":
        arguments["mode"] = "max" if arguments.pop("metric") == "accuracy" else "min"
    return getattr(lr_scheduler, name)(optimizer, **arguments)


def make_scheduler(config, warmup, optimizer, steps):
    """The schedule of a run of so many steps, in the schedule's interval."""
    if not warmup:
        return make_one(config, optimizer, steps)
    steps = max(1, steps - warmup["steps"])
    is_sequence = config["name"] == "SequentialLR"
    made = make_sequence(config, optimizer, steps) if is_sequence else [make_one(config, optimizer, steps)]
    later = [warmup["steps"] + milestone for milestone in config["milestones"]] if is_sequence else []
    rise = lr_scheduler.LinearLR(optimizer, warmup["start_factor"], total_iters=warmup["steps"])
    return lr_scheduler.SequentialLR(optimizer, [rise, *made], [warmup["steps"], *later])
