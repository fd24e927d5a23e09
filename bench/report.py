#!/usr/bin/env python3
"""Writes the page and the plots from results.  report.py RESULTS PAGE [SCALING]

RESULTS is a file of run.py, SCALING one of scale.py; both may be compressed. Plots go to the directory images beside
the page. What is written depends on these files only.
"""
import os, re, statistics, sys

import results
import scalereport
from plan import SUITES

OPS = {"read": "read all", "write": "write all", "chunks1": "chunk by chunk, 1 thread", "chunks2": "chunk by chunk, 2 threads",
       "zplanes": "16 z-planes", "xplanes": "16 x-planes", "boxes": "125 boxes of 32³", "points": "2,000 points",
       "overwrite": "unaligned overwrite", "write_sync": "write all, synced", "overwrite_sync": "unaligned overwrite, synced",
       "zplanes_again": "16 z-planes, again", "xplanes_again": "16 x-planes, again", "boxes_again": "125 boxes, again", "blur": "blur"}
LAYOUTS = {"raw64": "uncompressed, chunks of 64³", "zstd3": "zstd 3, chunks of 64³", "blosc": "blosc (lz4, shuffle), chunks of 64³",
           "shard": "shards of 256³, chunks of 32³, zstd 3", "default": "zstd 3 and crc32c, chunks of 64³",
           "flat": "zstd 3, chunks of 16×128×128", "flatraw": "uncompressed, chunks of 16×128×128"}
TYPES = {"f4": "float32", "u2": "uint16"}


def layout(name):
    dtype, _, rest = name.partition("_")
    return f"{TYPES.get(dtype, dtype)}, {LAYOUTS.get(rest, rest)}"


def num(v):
    """Three digits that mean something."""
    return f"{v:.0f}" if v >= 100 else f"{v:.3g}"


def ratio(r):
    if r is None:
        return "–", "–", "–"
    ci = f" ({num(r.interval[0])}–{num(r.interval[1])})" if r.interval else f" (n={r.n})"
    text = num(r.median) + ci
    if r.verdict in ("ahead", "behind"):
        text = f"**{text} {r.verdict}**"
    return num(r.ours), f"{r.peer} {num(r.best)}", text


def table(cells):
    out = ["| | ours, s | best peer, s | ratio of wall time | ours, CPU s | best peer, CPU s | ratio of CPU time | memory, MiB: ours, least peer |",
           "|---|---|---|---|---|---|---|---|"]
    last = None
    for c in cells:
        if c.layout != last:
            last = c.layout
            out.append(f"| **{layout(last)}** | | | | | | | |")
        ours, _, least = c.memory()
        memory = f"{num(ours) if ours else '–'}, {num(least) if least else '–'}"
        if c.errors.get(c.ours):
            memory += f"; {len(c.errors[c.ours])} of our runs **failed**"
        out.append("| " + " | ".join((OPS.get(c.op, c.op), *ratio(c.ratio("seconds")), *ratio(c.ratio("cpu_s")), memory)) + " |")
    return out


def count(cells):
    """How many cells are ahead, tie and behind, in wall and in CPU time."""
    text = []
    for field, name in zip(results.FIELDS, ("wall", "CPU")):
        found = [r.verdict for r in (c.ratio(field) for c in cells) if r]
        text.append(f"{name} time: {found.count('ahead')} ahead, {found.count('tie')} tie, {found.count('behind')} behind"
                    + (f", {found.count('too few')} with too few rounds to say" if "too few" in found else ""))
    return "; ".join(text)


def everything(cells):
    """Medians of all peers."""
    peers = []
    for c in cells:
        peers += [p for p in [*c.runs, *c.errors] if p not in peers]
    peers.sort(key=lambda p: (p not in results.OURS, p))
    out = ["| wall s / CPU s / MiB (runs) | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
    last = None
    for c in cells:
        if c.layout != last:
            last = c.layout
            out.append(f"| **{layout(last)}** |" + " |" * len(peers))
        row = []
        for p in peers:
            if c.runs.get(p):
                failed = f", {len(c.errors[p])} failed" if c.errors.get(p) else ""
                row.append(" / ".join(num(c.median(p, f)) for f in ("seconds", "cpu_s", "rss_mib")) + f" ({len(c.runs[p])}{failed})")
            else:
                row.append("failed" if c.errors.get(p) else "")
        out.append("| " + " | ".join([OPS.get(c.op, c.op), *row]) + " |")
    return out


def failures(cells):
    out = []
    for c in cells:
        for p, errors in c.errors.items():
            why = re.sub(r"\s+", " ", errors[-1]).strip()[-160:].replace("|", "\\|")
            out.append(f"- {OPS.get(c.op, c.op)}, {layout(c.layout)}, {p}: {len(errors)} failed, the last with `{why}`")
    return out


def plot(cells, path):
    """A line for each cell, with the ratio's interval, in wall and in CPU time."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows, labels, heads, y = [], [], [], 0
    last = None
    for c in cells:
        if c.layout != last:
            last = c.layout
            y += 1
            heads.append((y, layout(last)))
        y += 1
        rows.append((y, c))
        labels.append((y, OPS.get(c.op, c.op)))
    colours = {"ahead": "#1a7f37", "tie": "#57606a", "behind": "#cf222e", "too few": "#9a6700"}
    fig, axes = plt.subplots(1, 2, figsize=(11, 0.235 * y + 1.3), sharex=True, sharey=True, layout="constrained")
    for ax, field, title in zip(axes, results.FIELDS, ("wall time", "CPU time")):
        for y, c in rows:
            r = c.ratio(field)
            if r is None:
                continue
            colour = colours[r.verdict]
            if r.interval:
                ax.plot(r.interval, (y, y), color=colour, lw=2, solid_capstyle="butt")
            ax.plot(r.median, y, "o", color=colour, ms=5)
        ax.axvspan(results.AHEAD, results.BEHIND, color="#eaeef2", zorder=0)
        ax.axvline(1, color="#8c959f", lw=0.8, zorder=1)
        ax.set_xscale("log", base=2)
        ax.minorticks_off()
        ax.set_title(f"Our {title} divided by that of the best peer", fontsize=10)
        ax.set_xlabel("← we are faster          the peer is faster →", fontsize=9)
        ax.grid(axis="y", color="#eaeef2", lw=0.6)
        ax.tick_params(axis="both", length=0, labelsize=8)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
    lo, hi = axes[0].get_xlim()
    ticks = [t for t in (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, 32) if lo <= t <= hi]
    axes[0].set_xticks(ticks, [f"1/{1 / t:.0f}" if t < 1 else f"{t:.0f}" for t in ticks])
    ticks = sorted(labels + heads)
    axes[0].set_yticks([t for t, _ in ticks], [t for _, t in ticks])
    for text in axes[0].get_yticklabels():
        if text.get_text() in {h for _, h in heads}:
            text.set_fontweight("bold")
    axes[0].set_ylim(rows[-1][0] + 1, 0)
    fig.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(fig)


def memory(cells, n):
    """What the most memory of ours was, where a user may expect little."""
    item = {"f4": 4, "u2": 2}
    ours = [(c, c.memory()) for c in cells if c.suite not in ("cache", "trusted") and c.ours in c.runs]
    out = ["## Memory", "", "The most that the process had resident, with the program itself, and for Python the interpreter and its libraries (about 50 MiB). "
           "Where it writes, the source is in memory too.", ""]
    whole = [(m - n**3 * item[c.layout[:2]] / 2**20, m, least, c) for c, (m, peer, least) in ours if c.op == "read" and least]
    if whole:
        over, m, least, c = max(whole, key=lambda w: w[0])
        out.append(f"- Reading all of an array takes at most {num(over)} MiB more than the result ({layout(c.layout)}: {num(m)} MiB, the least peer {num(least)}).")
    for ops, name in ((("zplanes", "xplanes"), "planes"), (("boxes",), "boxes"), (("points",), "points"), (("chunks1", "chunks2"), "chunks")):
        part = [(m, peer, least, c) for c, (m, peer, least) in ours if c.op in ops and least]
        if part:
            m, peer, least, c = max(part, key=lambda w: w[0])
            out.append(f"- Reading {name} takes at most {num(m)} MiB ({layout(c.layout)}; the least peer, {peer}, {num(least)}).")
    least = sum(m <= b for _, (m, _, b) in ours if b)
    out.append(f"- In {least} of {sum(1 for _, (_, _, b) in ours if b)} cells we take the least of all.")
    return out + [""]


def conditions(machines, cells):
    m = machines[-1]
    rounds = [len(r) for c in cells for p, r in c.runs.items() if p in results.OURS]
    loads = [r["load"] for c in cells for runs in c.runs.values() for r in runs.values()]
    v = m["versions"]
    peers = ", ".join(f"{title} {v[name]}" for name, title in (
        ("tensorstore", "TensorStore"), ("zarr", "zarr-python"), ("zarrs", "zarrs for Python"), ("dask", "Dask"), ("scipy", "SciPy"),
        ("numpy", "NumPy"), ("h5py", "h5py"), ("xarray", "xarray")) if name in v)
    commits = list(dict.fromkeys(m["commit"] for m in machines))
    return (f"Measured on {m['time'][:10]} at commit{'s' * (len(commits) > 1)} {', '.join(commits)} with {m['go']}: {m['cores']} cores of {m['cpu'] or 'an unknown CPU'}, "
            f"{m['memory_gib']} GiB of memory, {m['kernel']}, files on the local disk and in the page cache. "
            f"{peers} (Python {m['python']}), Rust crate zarrs {m['zarrs_crate']}. {min(rounds)} to {max(rounds)} rounds; "
            f"the load of the machine was {statistics.median(loads):.1f} (median), at most {max(loads):.1f}, this work included. "
            f"The arrays have edges of {m['n']} elements.")


INTRO = """# Performance

How fast DosNa is beside other libraries that read and write Zarr arrays: TensorStore, the Rust crate zarrs, zarr-python, and
zarr-python with its chunks handled by zarrs. This page is written by [bench/report.py](../bench/report.py) from measurements; how
they are made, and what each operation is, tells [bench/README.md](../bench/README.md). To repeat them:

    make bench              # 6 rounds; makes everything it needs, BENCH_N=128 ROUNDS=1 for a quick look
    make bench ROUNDS=10    # for narrower intervals

A **ratio** is our time divided by that of the best peer, the one with the lowest median in that line; below 1 we are faster. Both
ran one after the other in each round, so that a ratio compares runs under the same conditions; given are the median over the rounds
and its 95 % interval. **Ahead** is a whole interval below 1/1.2, **behind** one above 1.1, and everything else a tie. With fewer
than six rounds there is no such interval (n is given instead), and no verdict. Ratios mean something on other machines too, times
hardly.
"""


def main(path, page, scaling=None):
    machines, cells = results.load(path)
    if not cells:
        raise SystemExit(f"report.py: there are no results in {path}")
    images = os.path.join(os.path.dirname(page), "images")
    os.makedirs(images, exist_ok=True)
    out = [INTRO, conditions(machines, cells), ""]
    for name, suite in SUITES.items():
        part = [c for c in cells if c.suite == name]
        if not part:
            continue
        out += [f"## {suite.title}", "", suite.about, "", count(part) + ".", ""]
        if name == "main":
            plot(part, f"{images}/performance.png")
            out += ["![Ratios of wall and of CPU time for each operation and layout](images/performance.png)", ""]
        out += table(part) + [""]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "remarks.md")) as f:
        out += [f.read()]
    out += memory(cells, machines[-1]["n"])
    if scaling and os.path.exists(scaling):
        out += scalereport.section(scaling, images) + [""]
    out += ["## All peers", "", "Medians of wall seconds, of CPU seconds and of the most memory resident, and the number of runs. Peers that took more than "
            "1.5 times as long as the best of them in each of two rounds were not run again.", ""]
    for name, suite in SUITES.items():
        part = [c for c in cells if c.suite == name]
        if part:
            out += [f"### {suite.title}: all", "", *everything(part), ""]
    if failed := failures(cells):
        out += ["## Runs that failed", "", *failed, ""]
    with open(page, "w") as f:
        f.write("\n".join(out).rstrip() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
