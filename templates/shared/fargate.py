"""Which sizes Fargate offers (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html)."""

#: CPU units -> memory sizes in MiB.
SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}


def size_problem(cpu: int, memory: int) -> str | None:
    """Why Fargate would refuse a task of `cpu` units and `memory` MiB; None when it would not."""
    if cpu not in SIZES:
        return f"task_cpu {cpu} is not a Fargate size; allowed: {', '.join(map(str, SIZES))}"
    allowed = SIZES[cpu]
    if memory not in allowed:
        step = f" in steps of {allowed[1] - allowed[0]}" if len(allowed) > 3 else ""
        listed = f"{allowed[0]} to {allowed[-1]}{step}" if step else ", ".join(map(str, allowed))
        return f"task_memory {memory} is not possible with task_cpu {cpu} on Fargate; allowed: {listed}"
    return None
