"""The part of the page about how times grow, from results of scale.py."""
import collections, math, statistics

import results

NAMES = {"dosna": "DosNa", "tensorstore": "TensorStore"}
COLOURS = {"write": "#cf222e", "read": "#0969da", "list": "#9a6700", "box": "#1a7f37"}


def load(path):
    """(kind, library, what) → x → median of (seconds, CPU seconds, MiB); and what failed."""
    runs, failed, machine = collections.defaultdict(lambda: collections.defaultdict(list)), [], None
    for r in results.lines(path):
        if "machine" in r:
            machine = r["machine"]
        elif "error" in r:
            failed.append(r)
        else:
            runs[r["kind"], r["library"], r["what"]][r["x"]].append((r["seconds"], r["cpu_s"], r["rss_mib"]))
    return {k: {x: tuple(map(statistics.median, zip(*v))) for x, v in sorted(by.items())} for k, by in runs.items()}, failed, machine


def slope(points):
    """The exponent p of the law t = c·x^p that fits best: 1 is twice the time for twice the work."""
    xs, ys = [math.log(x) for x in points], [math.log(v[0]) for v in points.values()]
    mx, my = statistics.mean(xs), statistics.mean(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)


def curve(ax, runs, kind, library, what, up_to):
    points = runs.get((kind, library, what))
    if not points:
        return
    fit = {x: v for x, v in points.items() if x <= up_to}
    p = f", slope {slope(fit):.2f}" if len(fit) > 1 else ""
    ax.plot(list(points), [v[0] for v in points.values()], "o-" if library == "dosna" else "s--", ms=4, lw=1.4,
            color=COLOURS[what], alpha=1 if library == "dosna" else 0.45, label=f"{NAMES[library]}, {what}{p}")


def plot(runs, path, cores):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 3, figsize=(13, 5), layout="constrained")
    for ax, kind, title, whats in zip(axes, ("size", "chunks", "workers"), ("Size of the dataset, GiB", "Number of chunks of 1 KiB", "Workers, on 512 MiB"),
                                      (("write", "read", "box"), ("write", "read", "list"), ("write", "read"))):
        for what in whats:
            for library in NAMES:
                curve(ax, runs, kind, library, what, cores if kind == "workers" else math.inf)
        xs = sorted({x for (k, _, _), by in runs.items() if k == kind for x in by})
        ax.set_xscale("log", base=10 if kind == "chunks" else 2)
        ax.set_yscale("log")
        if kind != "chunks":
            ax.set_xticks(xs, [str(x) for x in xs])
            ax.minorticks_off()
        if kind == "workers":
            lo, hi = ax.get_ylim()
            ax.set_ylim(lo / 1.5, hi * 1.5)
            ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if lo / 1.5 <= t <= hi * 1.5]
            ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
            ax.minorticks_off()
        ax.set_xlabel(title)
        ax.set_ylabel("seconds")
        ax.grid(color="#eaeef2", lw=0.6)
        ax.legend(fontsize=8, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.13))
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    fig.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(fig)


def num(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.3g}"


def table(runs, kind, x_name, whats):
    libraries = [n for n in NAMES if any(k == kind and l == n for k, l, _ in runs)]
    columns = [(l, w) for w in whats for l in libraries if (kind, l, w) in runs]
    out = [f"| {x_name} | " + " | ".join(f"{NAMES[l]}, {w}" for l, w in columns) + " | memory, MiB: " + ", ".join(NAMES[l] for l in libraries) + " |",
           "|---" * (len(columns) + 2) + "|"]
    for x in sorted({x for l, w in columns for x in runs[kind, l, w]}):
        row = [num(runs[kind, l, w][x][0]) + " s" if x in runs[kind, l, w] else "–" for l, w in columns]
        memory = [max((by[x][2] for (k, m, _), by in runs.items() if k == kind and m == l and x in by), default=0) for l in libraries]
        out.append("| " + " | ".join([f"{x:,}", *row, ", ".join(num(m) if m else "–" for m in memory)]) + " |")
    return out


def fitted(runs, kind, *whats):
    """The slopes of ours, in words."""
    found = [(w, slope(runs[kind, "dosna", w])) for w in whats if len(runs.get((kind, "dosna", w), ())) > 1]
    return ", ".join(f"{w} {p:.2f}" for w, p in found)


def section(path, images):
    runs, failed, machine = load(path)
    plot(runs, f"{images}/performance-scaling.png", machine["cores"])
    out = ["## How times grow", "",
           f"Measured at commit {machine['commit']}, once for the largest, else three times (the median is given). A slope is the exponent p for which time "
           "grows as xᵖ: 1 is twice the time for twice as much. Data is stored with the codecs that are used if nothing is asked for, zstd 3 "
           "and crc32c, by TensorStore as well.", "",
           "![Times against size, number of chunks and workers](images/performance-scaling.png)", "",
           "### With the size of the dataset", "",
           f"Slopes: {fitted(runs, 'size', 'write', 'read', 'box', 'open', 'list')}. Written and read in slabs of 64 planes, each chunk takes the "
           "same time however many there are, so writing and reading grow with the size (slope 1); a box of 32³ and opening need the same few "
           "objects in any dataset (slope 0), and memory is that of a slab and a few chunks.", "",
           *table(runs, "size", "GiB", ("write", "read", "box", "open", "list")), "",
           "### With the number of chunks", "",
           f"Slopes: {fitted(runs, 'chunks', 'write', 'read', 'list', 'open')}. Chunks of 1 KiB cost little but the system calls to make, open and name a file, which "
           "are the same for each chunk, and so are what listing does for each name (slope 1). Opening reads one document, whatever is below it (slope 0). The memory is that "
           "of the array that is written and of the one that is read, and what the garbage collector has not yet taken.", "",
           *table(runs, "chunks", "chunks", ("write", "read", "list", "open")), "",
           "### With workers", "",
           f"On {machine['cores']} cores, 512 MiB. Chunks are independent: as long as there is a core for each worker, a slope of −1, half the time "
           "with twice the workers, is what can be had; more workers than cores can only wait for one another. The plot fits the slope up to the number of cores.", "",
           *table(runs, "workers", "workers", ("write", "read")), "",
           "### A sparse dataset of 1 TiB", "",
           "16,384 × 4,096 × 4,096 float32, in which 100 boxes are stored: what is not stored costs neither space nor time, "
           "but for asking whether it is there.", "",
           "| | seconds | CPU s | memory so far, MiB |", "|---|---|---|---|"]
    for (kind, _, what), by in runs.items():
        if kind == "sparse":
            out.append(f"| {what} | " + " | ".join(num(v) for v in by[0]) + " |")
    for r in failed:
        out += ["", f"Failed: {r['kind']} {r['x']}, {r['library']}: `{r['error'][-160:]}`"]
    return out
