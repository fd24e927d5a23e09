//! The Rust `zarrs` crate with its filesystem store, on the shared command line.
use std::{path::Path, sync::Arc, time::Instant};

use serde_json::{Value, json};
use zarrs::{
    array::{Array, ArrayBytes, ArraySubset, CodecOptions, Element, ElementOwned},
    filesystem::FilesystemStore,
    storage::ReadableWritableListableStorageTraits,
};

type Store = dyn ReadableWritableListableStorageTraits;
type Arr = Array<Store>;

trait Sample: Element + ElementOwned + Copy + Send + Sync + 'static {
    const SIZE: usize;
    fn f(self) -> f64;
    fn le(b: &[u8]) -> Self;
    fn zero() -> Self;
}
impl Sample for f32 {
    const SIZE: usize = 4;
    fn f(self) -> f64 {
        self as f64
    }
    fn le(b: &[u8]) -> f32 {
        f32::from_le_bytes(b.try_into().unwrap())
    }
    fn zero() -> f32 {
        0 as f32
    }
}
impl Sample for u16 {
    const SIZE: usize = 2;
    fn f(self) -> f64 {
        self as f64
    }
    fn le(b: &[u8]) -> u16 {
        u16::from_le_bytes(b.try_into().unwrap())
    }
    fn zero() -> u16 {
        0 as u16
    }
}

fn proc_status(key: &str) -> f64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let l = s.lines().find(|l| l.starts_with(key)).unwrap();
    l.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// User plus system CPU seconds of this process, nanosecond resolution.
fn cpu() -> f64 {
    let mut t = Ts { s: 0, n: 0 };
    unsafe { clock_gettime(2, &mut t) }; // CLOCK_PROCESS_CPUTIME_ID
    t.s as f64 + t.n as f64 * 1e-9
}
#[repr(C)]
struct Ts {
    s: i64,
    n: i64,
}
unsafe extern "C" {
    fn clock_gettime(id: i32, t: *mut Ts) -> i32;
}

fn open(path: &str) -> Arr {
    let store: Arc<Store> = Arc::new(FilesystemStore::new(path).unwrap());
    Array::open(store, "/").unwrap()
}

fn copy_dir(a: &Path, b: &Path) {
    std::fs::create_dir_all(b).unwrap();
    for e in std::fs::read_dir(a).unwrap() {
        let e = e.unwrap();
        let to = b.join(e.file_name());
        if e.file_type().unwrap().is_dir() {
            copy_dir(&e.path(), &to);
        } else {
            std::fs::copy(e.path(), to).unwrap();
        }
    }
}

fn boxed(lo: [u64; 3], shape: [u64; 3]) -> ArraySubset {
    ArraySubset::new_with_start_shape(lo.to_vec(), shape.to_vec()).unwrap()
}

/// The raw bytes, as a Vec<T> would cost one more copy of everything.
fn get(a: &Arr, s: &ArraySubset) -> Vec<u8> {
    a.retrieve_array_subset::<ArrayBytes>(s).unwrap().into_fixed().unwrap().into_owned()
}

fn at<T: Sample>(b: &[u8], i: usize) -> f64 {
    T::le(&b[i * T::SIZE..(i + 1) * T::SIZE]).f()
}

fn triples(v: &Value) -> Vec<[u64; 3]> {
    v.as_array()
        .unwrap()
        .iter()
        .map(|p| [0, 1, 2].map(|k| p[k].as_u64().unwrap()))
        .collect()
}

fn bench<T: Sample>(root: &str, data: &str, op: &str, layout: &str) {
    let sel: Value = serde_json::from_slice(&std::fs::read(format!("{data}/sel.json")).unwrap()).unwrap();
    let n = sel["n"].as_u64().unwrap();
    let reference = format!("{root}/ref/{layout}.zarr");
    let out = format!("{root}/out/zarrs_{layout}_{op}.zarr");
    let all = boxed([0; 3], [n; 3]);
    let source = |count: usize| -> Vec<T> {
        use std::io::Read;
        let mut v = vec![T::zero(); count];
        let b = unsafe { std::slice::from_raw_parts_mut(v.as_mut_ptr() as *mut u8, count * T::SIZE) };
        std::fs::File::open(format!("{data}/{}.bin", &layout[..2])).unwrap().read_exact(b).unwrap();
        v
    };
    let sum = |v: &[u8]| -> f64 { (0..v.len() / T::SIZE).step_by(97).map(|i| at::<T>(v, i)).sum() };
    let mut check = Value::Null;
    let rss0;
    let (t, c, bytes);
    match op {
        "write" => {
            let a = source((n * n * n) as usize);
            let _ = std::fs::remove_dir_all(&out);
            std::fs::create_dir_all(&out).unwrap();
            rss0 = proc_status("VmRSS");
            (t, c) = (Instant::now(), cpu());
            std::fs::copy(format!("{reference}/zarr.json"), format!("{out}/zarr.json")).unwrap();
            let arr = open(&out);
            arr.store_array_subset(&all, a.as_slice()).unwrap();
            bytes = a.len() * T::SIZE;
        }
        "overwrite" => {
            let _ = std::fs::remove_dir_all(&out);
            copy_dir(Path::new(&reference), Path::new(&out));
            let r: Vec<[u64; 2]> = (0..3).map(|k| [0, 1].map(|j| sel["overwrite"][k][j].as_u64().unwrap())).collect();
            let shape = [0, 1, 2].map(|k| r[k][1] - r[k][0]);
            let a = source(shape.iter().product::<u64>() as usize);
            let arr = open(&out);
            rss0 = proc_status("VmRSS");
            (t, c) = (Instant::now(), cpu());
            arr.store_array_subset(&boxed([r[0][0], r[1][0], r[2][0]], shape), a.as_slice()).unwrap();
            bytes = a.len() * T::SIZE;
        }
        _ => {
            let arr = open(&reference);
            rss0 = proc_status("VmRSS");
            (t, c) = (Instant::now(), cpu());
            match op {
                "read" => {
                    let v = get(&arr, &all);
                    bytes = v.len();
                    let mut s = 0f64;
                    for i in (0..n).step_by(37) {
                        for j in (0..n).step_by(41) {
                            for k in (0..n).step_by(43) {
                                s += at::<T>(&v, ((i * n + j) * n + k) as usize);
                            }
                        }
                    }
                    check = json!(s);
                }
                "chunks1" | "chunks2" => {
                    let b = sel["block"].as_u64().unwrap();
                    let m = n / b;
                    let one = |i: u64| -> f64 {
                        let p = [i / (m * m) * b, i / m % m * b, i % m * b];
                        at::<T>(&get(&arr, &boxed(p, [b; 3])), 0)
                    };
                    let s: f64 = if op == "chunks1" {
                        (0..m * m * m).map(one).sum()
                    } else {
                        let next = std::sync::atomic::AtomicU64::new(0);
                        std::thread::scope(|sc| {
                            let h: Vec<_> = (0..2)
                                .map(|_| {
                                    sc.spawn(|| {
                                        let mut s = 0.0;
                                        loop {
                                            let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                                            if i >= m * m * m {
                                                return s;
                                            }
                                            s += one(i);
                                        }
                                    })
                                })
                                .collect();
                            h.into_iter().map(|h| h.join().unwrap()).sum()
                        })
                    };
                    check = json!(s);
                    bytes = (n * n * n) as usize * T::SIZE;
                }
                "zplanes" | "xplanes" => {
                    let ks: Vec<u64> = sel[op].as_array().unwrap().iter().map(|k| k.as_u64().unwrap()).collect();
                    let mut s = 0.0;
                    for &k in &ks {
                        let b = if op == "zplanes" { boxed([k, 0, 0], [1, n, n]) } else { boxed([0, 0, k], [n, n, 1]) };
                        s += sum(&get(&arr, &b));
                    }
                    check = json!(s);
                    bytes = ks.len() * (n * n) as usize * T::SIZE;
                }
                "boxes" => {
                    let b = sel["box"].as_u64().unwrap();
                    let ps = triples(&sel["boxes"]);
                    let s: f64 = ps.iter().map(|p| sum(&get(&arr, &boxed(*p, [b; 3])))).sum();
                    check = json!(s);
                    bytes = ps.len() * (b * b * b) as usize * T::SIZE;
                }
                "points" => {
                    // group by chunk, one partial decoder per chunk
                    use rayon::prelude::*;
                    let ps = triples(&sel["points"]);
                    let cs: Vec<u64> = arr.chunk_shape(&[0, 0, 0]).unwrap().iter().map(|x| x.get()).collect();
                    let mut groups = std::collections::HashMap::<Vec<u64>, Vec<Vec<u64>>>::new();
                    for p in &ps {
                        let key = (0..3).map(|k| p[k] / cs[k]).collect();
                        groups.entry(key).or_default().push((0..3).map(|k| p[k] % cs[k]).collect());
                    }
                    let o = CodecOptions::default();
                    let s: f64 = groups
                        .par_iter()
                        .map(|(key, idx)| {
                            let d = arr.partial_decoder(key).unwrap();
                            let b: ArrayBytes = d.partial_decode(&idx.as_slice(), &o).unwrap();
                            b.into_fixed().unwrap().chunks_exact(T::SIZE).map(|c| T::le(c).f()).sum::<f64>()
                        })
                        .sum();
                    check = json!(s);
                    bytes = ps.len() * T::SIZE;
                }
                _ => panic!("unknown op {op}"),
            }
        }
    }
    let (sec, cs) = (t.elapsed().as_secs_f64(), cpu() - c);
    println!(
        "{}",
        json!({"peer": "zarrs", "layout": layout, "op": op, "seconds": sec, "cpu_s": cs,
               "mib_s": bytes as f64 / 1048576.0 / sec, "rss_mib": proc_status("VmHWM"), "rss0_mib": rss0, "check": check})
    );
}

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let opt = |k: &str| a.iter().position(|x| x == k).map(|i| a[i + 1].clone());
    let root = opt("--root").expect("--root");
    let data = opt("--data").unwrap_or(root.clone());
    let (op, layout) = (opt("--op").expect("--op"), opt("--layout").expect("--layout"));
    match &layout[..2] {
        "f4" => bench::<f32>(&root, &data, &op, &layout),
        "u2" => bench::<u16>(&root, &data, &op, &layout),
        _ => panic!("dtype"),
    }
}
