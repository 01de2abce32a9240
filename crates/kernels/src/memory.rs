//! Memory for programs with large arrays.
//!
//! A pattern of 2,048 tokens is 151 MB that nothing has accessed yet. With pages of 4 kB the system interrupts the work
//! 37,000 times to provide them, which takes longer than computing the contents; with pages of 2 MB, 72 times.

use std::alloc::{GlobalAlloc, Layout, System};
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::sync::Once;

/// The system's allocator, but it asks for huge pages for arrays large enough to contain some, and keeps smaller arrays
/// for reuse when they are freed. A program sets it as its `#[global_allocator]`; outside Linux it is the unchanged
/// system allocator.
#[derive(Clone, Copy, Debug, Default)]
pub struct HugePages;

/// Bytes of a huge page.
#[cfg(any(target_os = "linux", test))]
const PAGE: usize = 2 << 20;

// SAFETY: every request is passed on to `System` unchanged, and so is every answer; `advise` neither reads nor writes.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        keep(layout.size());
        // SAFETY: the caller's promises are those that `System` requires.
        let start = unsafe { System.alloc(layout) };
        advise(start, layout.size());
        start
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        keep(layout.size());
        // SAFETY: as above.
        let start = unsafe { System.alloc_zeroed(layout) };
        advise(start, layout.size());
        start
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        keep(size);
        // SAFETY: as above.
        let start = unsafe { System.realloc(start, layout, size) };
        advise(start, size);
        start
    }
}

/// From the first large array on, makes glibc keep what is freed. By default it returns arrays to the system at once
/// and gets them again, cleared, for the next layer: for 512 tokens and a small model that takes a third of the time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep(len: usize) {
    /// From this size on glibc takes an array directly from the system.
    const LARGE: usize = 128 << 10;
    /// Arrays up to this size are kept: glibc's own limit.
    const LARGEST: i32 = 32 << 20;
    /// Free bytes that may be kept before some are returned to the system.
    const KEPT: i32 = 256 << 20;
    static ONCE: Once = Once::new();
    if len >= LARGE {
        // SAFETY: both set a parameter of the allocator; neither touches memory that was given out.
        ONCE.call_once(|| unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        });
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep(_len: usize) {}

/// Asks for huge pages wherever one lies wholly within these bytes. The error of a system without them is ignored.
#[cfg(target_os = "linux")]
fn advise(start: *mut u8, len: usize) {
    if start.is_null() || len < 2 * PAGE {
        return;
    }
    let skipped = start.align_offset(PAGE);
    let whole = (len - skipped) / PAGE * PAGE;
    // SAFETY: the bytes are within what was just allocated, and the advice changes nothing that they hold.
    unsafe { libc::madvise(start.add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_start: *mut u8, _len: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_kept_and_grown() {
        let layout = |len| Layout::from_size_align(len, 4).unwrap();
        for len in [1, PAGE, 3 * PAGE + 5] {
            // SAFETY: the layout is not empty, is that of the allocation, and the bytes are within it.
            unsafe {
                let start = HugePages.alloc_zeroed(layout(len));
                assert!(std::slice::from_raw_parts(start, len).iter().all(|b| *b == 0), "{len}");
                start.add(len - 1).write(7);
                let grown = HugePages.realloc(start, layout(len), 5 * len);
                assert_eq!(grown.add(len - 1).read(), 7, "{len}");
                grown.add(5 * len - 1).write(1);
                HugePages.dealloc(grown, layout(5 * len));
            }
        }
    }
}
