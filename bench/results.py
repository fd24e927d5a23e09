"""Results of run.py, cell by cell: medians, and ratios of runs that were made side by side."""
import collections, gzip, json, math, statistics
from dataclasses import dataclass

from plan import OURS, SUITES

BEHIND, AHEAD = 1.10, 1 / 1.20
FIELDS = ("seconds", "cpu_s")


def lines(path):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as f:
        yield from map(json.loads, f)


def interval(values):
    """The median and an interval that holds the true one with 95 % confidence, whatever the distribution: between
    two of the values in order. Below six values there is none, and it is None."""
    v, n = sorted(values), len(values)
    out = None
    for k in range(n // 2):  # v[k] and v[n-1-k] enclose the median but for 2·P(at most k of n coins show heads)
        if 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n <= 0.05:
            out = v[k], v[n - 1 - k]
    return statistics.median(v), out


@dataclass
class Ratio:
    """Ours divided by the best peer, which is the one with the lowest median."""
    peer: str
    ours: float
    best: float
    median: float
    interval: tuple  # or None
    n: int

    @property
    def verdict(self):
        if self.interval is None:
            return "too few"
        lo, hi = self.interval
        return "behind" if lo > BEHIND else "ahead" if hi < AHEAD else "tie"


class Cell:
    def __init__(self, suite, layout, op):
        self.suite, self.layout, self.op = suite, layout, op
        self.runs = collections.defaultdict(dict)  # peer → round → result
        self.errors = collections.defaultdict(list)

    @property
    def ours(self):
        return next((p for p in list(self.runs) + list(self.errors) if p in OURS), None)

    def median(self, peer, field):
        return statistics.median(r[field] for r in self.runs[peer].values())

    def peers(self):
        return [p for p in self.runs if p not in OURS]

    def ratio(self, field):
        ours = self.runs.get(self.ours)
        if not ours or not self.peers():
            return None
        best = min(self.peers(), key=lambda p: self.median(p, field))
        pairs = [(r[field], self.runs[best][k][field]) for k, r in ours.items() if k in self.runs[best]]
        if not pairs:
            return None
        median, ci = interval([a / b for a, b in pairs])
        return Ratio(best, self.median(self.ours, field), self.median(best, field), median, ci, len(pairs))

    def memory(self):
        """Ours, and the least of the others; None where there is none."""
        ours = self.median(self.ours, "rss_mib") if self.ours in self.runs else None
        least = min(self.peers(), key=lambda p: self.median(p, "rss_mib"), default=None)
        return ours, least, least and self.median(least, "rss_mib")


def load(path):
    """The machines, and the cells in the order of the plan. Where a run was repeated, the last counts."""
    machines, cells = [], {}
    for r in lines(path):
        if "machine" in r:
            machines.append(r["machine"])
            continue
        key = r["suite"], r["layout"], r["op"]
        cell = cells.setdefault(key, Cell(*key))
        if "seconds" in r:
            cell.runs[r["peer"]][r["round"]] = r
        else:
            cell.errors[r["peer"]].append(r["error"])
    order = [(name, lay, op) for name, s in SUITES.items() for lay in s.layouts for op in s.ops]
    return machines, [cells[k] for k in order if k in cells] + [c for k, c in cells.items() if k not in order]
