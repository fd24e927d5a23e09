"""Prints random selections and what NumPy makes of them, one JSON object a line.

    python numpy_cases.py SEED COUNT

Each case selects from a = numpy.arange(n).reshape(shape). It has either

    error   NumPy's message
or
    result  the shape of a[select]
    values  its elements
    value   a shape that broadcasts to it
    after   a's elements after a[select] = -1 - numpy.arange(…).reshape(value)

A select within "oindex[…]" is an outer selection: each list on its own axis.
"""

import json
import random
import sys
import warnings

import numpy as np

HUGE = [2**31, 2**62, 2**63 - 1, 2**64, 10**20]


class Skip(Exception):
    """NumPy's answer to this case is no guide."""


def random_shape(rng):
    ndim = rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5])
    longest = [0, 40, 12, 8, 6, 4][ndim]
    return [0 if rng.random() < 0.04 else rng.randint(1, longest) for _ in range(ndim)]


def random_int(rng, n):
    if n == 0 or rng.random() < 0.01:
        rng.strayed = True
        return rng.choice([n, -n - 1, n + 3, 2**40])
    return rng.randint(-n, n - 1)


def random_slice(rng, n):
    def bound():
        if rng.random() < 0.3:
            return None
        if rng.random() < 0.03:
            return rng.choice(HUGE) * rng.choice([-1, 1])
        return rng.randint(-n - 2, n + 2)

    step = rng.choice([None, 1, 1, 1, 2, 3, 5, -1, -1, -2, -3, n + 1])
    if rng.random() < 0.03:
        step = rng.choice(HUGE) * rng.choice([-1, 1])
    if rng.random() < 0.003:
        step = 0
    x = slice(bound(), bound(), step)
    if step != 0 and not range(n)[x] and rng.random() < 0.9:
        x = slice(x.stop, x.start, step)
        if not range(n)[x]:
            x = slice(None, None, step)
    return x


def random_list(rng, n, common):
    """An index array whose shape broadcasts to common."""
    shape = [1 if rng.random() < 0.25 else c for c in common]
    if rng.random() < 0.3:
        shape = shape[rng.randint(0, len(shape) - 1):]
    if rng.random() < 0.01:
        shape[-1] += 1
    if n == 0 and rng.random() < 0.8:
        shape = [0]
    count = int(np.prod(shape))
    values = [random_int(rng, n) for _ in range(count)]
    if rng.random() < 0.3:
        values.sort()
    if n >= count > 1 and rng.random() < 0.3:  # evenly spaced
        values = [i % n for i in range(count)]
    return np.array(values, dtype=np.intp).reshape(shape)


def random_mask(rng, shape, common):
    shape = list(shape)
    if rng.random() < 0.02:
        shape[rng.randrange(len(shape))] += rng.choice([-1, 1]) if min(shape) else 1
        rng.mismatched = True
    size = int(np.prod(shape))
    if size == 0:
        raise Skip  # its text is that of a list
    style = rng.random()
    if style < 0.4:  # as many as the lists beside it need
        chosen = set(rng.sample(range(size), min(size, common[-1])))
        flat = [i in chosen for i in range(size)]
    elif style < 0.6:
        flat = [True] * size
    else:
        density = rng.random()
        flat = [rng.random() < density for _ in range(size)]
    return np.array(flat, dtype=bool).reshape(shape)


def random_items(rng, shape, outer):
    """Items that consume the axes, except those an ellipsis or the end leaves."""
    ndim = len(shape)
    common = [rng.randint(1, 4) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    if outer:
        common = [rng.randint(0, 6)]
    lists = rng.random() * rng.choice([0, 1, 1])
    items, axis = [], 0
    stop = ndim if rng.random() < 0.7 else rng.randint(0, ndim)
    ellipsis = rng.randint(0, stop) if rng.random() < 0.35 else -1
    while True:
        if axis >= ellipsis >= 0:
            left = ndim - stop
            items.append(Ellipsis)
            axis, stop, ellipsis = axis + left, ndim, -1
        if rng.random() < 0.06:
            items.append(None)
        if not outer and rng.random() < 0.01:
            items.append(rng.random() < 0.7)
        if axis >= stop:
            break
        n = shape[axis]
        room = (stop if ellipsis < 0 else min(stop, ellipsis)) - axis
        if rng.random() < lists:
            if outer:
                if rng.random() < 0.35:
                    items.append(random_mask(rng, [n], common))
                else:
                    items.append(random_list(rng, n, [rng.randint(0, 6)]))
            elif rng.random() < 0.3:
                width = rng.randint(1, max(room, 1))
                items.append(random_mask(rng, shape[axis : axis + width], common))
                axis += width - 1
            else:
                items.append(random_list(rng, n, common))
        elif rng.random() < 0.3:
            items.append(random_int(rng, n))
        else:
            items.append(random_slice(rng, n))
        axis += 1
    if rng.random() < 0.01:
        items.append(rng.choice([0, Ellipsis, slice(None)]))
    return items


def text_of(x):
    if x is Ellipsis:
        return "..."
    if isinstance(x, slice):
        parts = ["" if b is None else str(b) for b in (x.start, x.stop)]
        return ":".join(parts + ([] if x.step is None else [str(x.step)]))
    if isinstance(x, np.ndarray):
        return str(x.tolist())
    return str(x)


def outer_index(shape, items):
    """The open mesh of an outer selection, and the shape of its result."""
    used = sum(x is not None and x is not Ellipsis for x in items)
    if sum(x is Ellipsis for x in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    if not any(x is Ellipsis for x in items):
        items = items + [Ellipsis]
    mesh, result = [], []
    for x in items:
        if x is None:
            result.append(1)
            continue
        for x in [slice(None)] * (len(shape) - used) if x is Ellipsis else [x]:
            n = shape[len(mesh)]
            if isinstance(x, np.ndarray) and x.dtype == bool and len(x) != n:
                raise IndexError("boolean index did not match indexed array")
            picked = np.arange(n)[x]
            if isinstance(x, np.ndarray) and x.dtype != bool and len(x) == 0:
                picked = np.array([], dtype=np.intp)
            if picked.ndim:
                result.append(len(picked))
            mesh.append(picked.reshape(-1))
    return np.ix_(*mesh), tuple(result)


def random_value_shape(rng, result):
    shape = [1 if rng.random() < 0.2 else n for n in result]
    if not shape:
        return shape
    if rng.random() < 0.2:
        shape = shape[rng.randint(0, len(shape)):]
    if rng.random() < 0.1:
        shape = [1] * rng.randint(1, 2) + shape
    return shape


def out_of_bounds(message):
    return "out of bounds" in message


def case(rng):
    rng.strayed = rng.mismatched = False  # whether positions and masks do not fit the array
    shape = random_shape(rng)
    outer = rng.random() < 0.25
    items = random_items(rng, shape, outer)
    text = ", ".join(map(text_of, items)) or "()"
    if rng.strayed and rng.mismatched:
        raise Skip  # either may be reported
    a = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    c = {"shape": shape, "select": f"oindex[{text}]" if outer else text}
    if any(isinstance(x, slice) and x.step == 0 for x in items):
        return c | {"error": "slice step cannot be zero"}
    try:
        if outer:
            index, result = outer_index(shape, items)
            got = a[index].reshape(result)
        else:
            index = eval(f"np.index_exp[{text}]")
            got = a[index]
    except (IndexError, ValueError) as e:
        message = str(e).strip()
        if outer and out_of_bounds(message):
            message = "out of bounds"
        return c | {"error": message}
    if got.size > 3000 or rng.strayed:
        raise Skip  # NumPy overlooks positions that are broadcast away
    values = got.reshape(-1).tolist()
    value = random_value_shape(rng, got.shape)
    v = -1 - np.arange(int(np.prod(value)), dtype=np.int64).reshape(value)
    if outer:
        while v.ndim > len(result):
            v = v[0]
        a[index] = np.broadcast_to(v, result).reshape([len(m.flat) for m in index])
    else:
        try:
            a[index] = v
        except TypeError:  # values for a mask may not have axes of length 1 before them
            raise Skip
    return c | {
        "result": list(got.shape),
        "values": values,
        "value": value,
        "after": a.reshape(-1).tolist(),
    }


def main(seed, count):
    warnings.simplefilter("error")
    rng = random.Random(seed)
    while count:
        try:
            line = json.dumps(case(rng), separators=(",", ":"))
        except Skip:
            continue
        print(line)
        count -= 1


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
