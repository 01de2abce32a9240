//! Handles reads of bytes that a mapped file has lost.
//!
//! The system sends SIGBUS to the thread that read them (also if a disk cannot be read). The handler here looks the
//! address up in a table of our maps. If it lies in one of them, the handler maps pages of zeros there, from the
//! accessed page to the end of the map, marks the map as having lost bytes, and lets the thread continue. For any other
//! address it calls the previous handler, or lets the process end as it would have without us.
//!
//! Why this is sound:
//! - The handler uses atomics, `mmap` and `sigaction` only: no lock, no allocation, nothing that the interrupted thread
//!   may have left half done.
//! - It replaces pages of one map of ours, never others. A thread that touches a map holds a borrow of it, so its slot
//!   was filled before and is emptied after (`Watch` is dropped before the map, and only by its owner). Slots of other
//!   maps may change at the same time: each has a version that is odd while it is written, and a slot whose version is
//!   odd or has changed is passed over.
//! - The new pages lie inside the map's own range, so the map's `munmap` takes them away with it.
//! - Threads that read neighbouring pages at that time read the file's bytes or zeros; both are plain bytes.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The largest number of files mapped at once. A model in shards has some tens.
const MOST: usize = 4096;

/// The memory range of a map. `start` is 0 if the slot is free.
struct Slot {
    version: AtomicUsize,
    start: AtomicUsize,
    len: AtomicUsize,
    lost: AtomicBool,
}

static TABLE: [Slot; MOST] = [const {
    Slot {
        version: AtomicUsize::new(0),
        start: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        lost: AtomicBool::new(false),
    }
}; MOST];

/// Held while the table is written. The handler only reads it.
static WRITING: Mutex<()> = Mutex::new(());

/// The previous handler of the signal.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// The size of a page, for the handler.
static PAGE: AtomicUsize = AtomicUsize::new(0);

impl Slot {
    /// A consistent reading of the slot; `None` while it is being written.
    fn read(&self) -> Option<(usize, usize)> {
        let before = self.version.load(Ordering::Acquire);
        let (start, len) = (self.start.load(Ordering::Relaxed), self.len.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_steady = before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before;
        (is_steady && start != 0).then_some((start, len))
    }

    /// Writes the slot; [`WRITING`] must be held.
    fn write(&self, start: usize, len: usize) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.lost.store(false, Ordering::Relaxed);
        self.start.store(start, Ordering::Relaxed);
        self.len.store(len, Ordering::Relaxed);
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }
}

/// A map that is protected until this is dropped.
pub(super) struct Watch(&'static Slot);

impl Watch {
    pub fn is_lost(&self) -> bool {
        self.0.lost.load(Ordering::Acquire)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.write(0, 0);
    }
}

/// Protects the memory of a map that begins where `map` does.
pub(super) fn watch(map: &[u8]) -> io::Result<Watch> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    install()?;
    let free = TABLE.iter().find(|slot| slot.start.load(Ordering::Relaxed) == 0);
    let slot = free.ok_or_else(|| io::Error::other(format!("{MOST} files are mapped already, which is the most")))?;
    slot.write(map.as_ptr() as usize, map.len());
    Ok(Watch(slot))
}

/// Installs the handler, once; [`WRITING`] must be held.
fn install() -> io::Result<()> {
    if BEFORE.get().is_some() {
        return Ok(());
    }
    // SAFETY: a system call that takes no pointers.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let page = usize::try_from(page).map_err(|_| io::Error::last_os_error())?;
    PAGE.store(page, Ordering::Relaxed);
    // SAFETY: `sigaction` is plain integers and a set of bits; all zeros is the default action with an empty set. Both
    // pointers are to values that live through the calls. The former handler is kept before ours can run.
    unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGBUS, ptr::null(), &mut before) != 0 {
            return Err(io::Error::last_os_error());
        }
        let _ = BEFORE.set(before);
        let mut ours: libc::sigaction = std::mem::zeroed();
        ours.sa_sigaction = on_signal as *const () as usize;
        // On the signal stack if a thread has one: Rust's own handler, which may be called after this one, needs it to
        // report a stack overflow.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&mut ours.sa_mask);
        if libc::sigaction(libc::SIGBUS, &ours, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system calls this with a valid `info` (SA_SIGINFO), which for SIGBUS has an address.
    let address = unsafe { (*info).si_addr() } as usize;
    if !fill(address) {
        hand_on(signal, info, context);
    }
}

/// Maps zeros from the page of `address` to the end of its map. Returns false if the address lies in none of our maps.
fn fill(address: usize) -> bool {
    let page = PAGE.load(Ordering::Relaxed);
    for slot in &TABLE {
        let Some((start, len)) = slot.read() else { continue };
        if address < start || address - start >= len {
            continue;
        }
        let from = address - address % page;
        let end = start + len;
        // Set before the zeros are mapped, so that a thread that reads one finds the mark.
        slot.lost.store(true, Ordering::Release);
        // SAFETY: `from .. end`, up to its last page's end, lies in a map of ours that the interrupted thread is
        // reading, so that it is not unmapped now. The last page is ours alone, since no page holds two maps.
        let zeros = unsafe {
            libc::mmap(
                from as *mut libc::c_void,
                end - from,
                libc::PROT_READ,
                libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_FIXED,
                -1,
                0,
            )
        };
        return zeros != libc::MAP_FAILED;
    }
    false
}

/// Acts as without us: calls the previous handler, or restores the default, which ends the process when the instruction
/// is retried.
fn hand_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let before = BEFORE.get();
    let handler = before.map_or(libc::SIG_DFL, |before| before.sa_sigaction);
    // SAFETY: a `sigaction` that the system gave us holds a function of the kind that its flags say, or one of the two
    // constants that are checked first.
    unsafe {
        if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
            let default: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, &default, ptr::null_mut());
        } else if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) {
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                std::mem::transmute(handler);
            handler(signal, info, context);
        } else {
            let handler: extern "C" fn(libc::c_int) = std::mem::transmute(handler);
            handler(signal);
        }
    }
}
