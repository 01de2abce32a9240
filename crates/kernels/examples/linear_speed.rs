//! Times products with weights as a file holds them: for each line `dtype rows cols tokens` on standard input, one of
//! CSV with seconds, the median of several calls, billions of weights a second, and those of the fastest call, which says
//! more on a machine that does other work too.

use attnscope_kernels::dequant::DType;
use attnscope_kernels::linear::{Weight, linear};
use std::time::Instant;

fn main() {
    println!("dtype,rows,cols,tokens,seconds,gweights_per_s,at_best");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [dtype, rows, cols, m] = fields[..] else { continue };
        let dtype = DType::ALL.into_iter().find(|d| d.to_string() == dtype).expect("a format");
        let (rows, cols, m): (usize, usize, usize) =
            (rows.parse().expect("rows"), cols.parse().expect("cols"), m.parse().expect("tokens"));
        let n_bytes = dtype.bytes_for(cols).expect("whole blocks") * rows;
        let mut bytes: Vec<u8> = (0..n_bytes).map(|i| (i * 37 % 251) as u8).collect();
        // Scales of moderate exponents, as models have them: 0x2080 is 0.009 as a half.
        for block in bytes.chunks_exact_mut(dtype.block_bytes()) {
            block.iter_mut().skip(1).step_by(2).for_each(|b| *b &= 0xbb);
            if dtype.block_len() == 32 {
                block[..4].copy_from_slice(&[0x80, 0x20, 0x80, 0x20]);
            }
        }
        let x: Vec<f32> = (0..m * cols).map(|i| (i * 31 % 100) as f32 / 50.0 - 1.0).collect();
        let mut y = vec![0.0; m * rows];
        let w = Weight { bytes: &bytes, dtype, rows, cols };
        let level = attnscope_kernels::level::best();
        let mut times: Vec<f64> = (0..31)
            .map(|_| {
                let start = Instant::now();
                linear(level, &x, w, None, &mut y);
                start.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let t = times[times.len() / 2];
        let rate = |seconds: f64| (rows * cols * m) as f64 / seconds / 1e9;
        println!("{dtype},{rows},{cols},{m},{t:.6},{:.3},{:.3}", rate(t), rate(times[0]));
    }
}
