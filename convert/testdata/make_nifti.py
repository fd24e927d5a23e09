"""Writes the NIfTI files in this directory. Needs nibabel (5.4), which the tests
do not."""
import gzip
import pathlib

import nibabel as nib
import numpy as np

here = pathlib.Path(__file__).parent
a = np.arange(2 * 3 * 4).reshape(2, 3, 4) - 5


def save(name, image):
    (here / name).write_bytes(image.to_bytes())


save("plain.nii", nib.Nifti1Image(a.astype(np.int16), np.eye(4)))
big = nib.Nifti1Image(a.astype(">f4"), np.eye(4), nib.Nifti1Header(endianness=">"))
save("big.nii", big)
data = bytearray(nib.Nifti1Image(a.astype(np.int16), np.eye(4)).to_bytes())
data[112:120] = np.array([0.5, -3], "<f4").tobytes()
(here / "scaled.nii").write_bytes(bytes(data))
got = nib.Nifti1Image.from_bytes(bytes(data)).get_fdata()
assert (got == a * 0.5 - 3).all() and got.dtype == np.float64
save("two.nii", nib.Nifti2Image(a.astype(np.complex64) * 1j, np.eye(4)))
(here / "packed.nii.gz").write_bytes(gzip.compress(nib.Nifti1Image((a + 5).astype(np.uint32) % 7, np.eye(4)).to_bytes(), mtime=0))
