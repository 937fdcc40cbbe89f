"""Time that passes only while somebody sleeps."""

from connector.aws.admin_function import Clock


class SimulatedClock:
    def __init__(self) -> None:
        self.time = 0.0

    def as_clock(self) -> Clock:
        return Clock(lambda: self.time, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.time += seconds
