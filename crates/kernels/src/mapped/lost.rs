//! What happens when a byte of a mapped file is touched that the file no longer has.
//!
//! The system sends SIGBUS to the thread that touched it (also where a disk cannot be read). The handler here looks the
//! address up in a table of our maps. If it lies in one of them, it puts pages of zeros there, from the page that was
//! touched to the end of the map, notes that the map has lost bytes, and lets the thread go on. Any other address is not
//! ours: whoever handled the signal before is asked, or the process ends as it would have without us.
//!
//! Why this is sound:
//! - The handler uses atomics, `mmap` and `sigaction` only: no lock, no allocation, nothing that may be half done in the
//!   interrupted thread.
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

/// So many files can be mapped at once. A model in shards has some tens.
const MOST: usize = 4096;

/// A map's place in memory. `start` is 0 where there is none.
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

/// Held by who writes to the table. The handler only reads.
static WRITING: Mutex<()> = Mutex::new(());

/// Who handled the signal before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// The size of a page, for the handler.
static PAGE: AtomicUsize = AtomicUsize::new(0);

impl Slot {
    /// Reads the slot as it was at one moment; nothing while it is being written.
    fn read(&self) -> Option<(usize, usize)> {
        let before = self.version.load(Ordering::Acquire);
        let (start, len) = (self.start.load(Ordering::Relaxed), self.len.load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        let is_steady = before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before;
        (is_steady && start != 0).then_some((start, len))
    }

    /// With [`WRITING`] held.
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

/// A map that is looked after until this is dropped.
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

/// Looks after the memory of a map that begins where `map` does.
pub(super) fn watch(map: &[u8]) -> io::Result<Watch> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    install()?;
    let free = TABLE.iter().find(|slot| slot.start.load(Ordering::Relaxed) == 0);
    let slot = free.ok_or_else(|| io::Error::other(format!("{MOST} files are mapped already, which is the most")))?;
    slot.write(map.as_ptr() as usize, map.len());
    Ok(Watch(slot))
}

/// Takes the signal over, once. With [`WRITING`] held.
fn install() -> io::Result<()> {
    if BEFORE.get().is_some() {
        return Ok(());
    }
    // SAFETY: a question to the system without arguments in memory.
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
        // On the stack for signals where a thread has one: Rust's own handler, which is asked after this one, needs it
        // to tell of a stack that has run over.
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

/// Puts zeros from the page of `address` to the end of the map that it lies in. False if it lies in none of ours.
fn fill(address: usize) -> bool {
    let page = PAGE.load(Ordering::Relaxed);
    for slot in &TABLE {
        let Some((start, len)) = slot.read() else { continue };
        if address < start || address - start >= len {
            continue;
        }
        let from = address - address % page;
        let end = start + len;
        // Before the zeros are there: who reads one finds it noted.
        slot.lost.store(true, Ordering::Release);
        // SAFETY: `from .. end`, up to its last page's end, lies in a map of ours that the interrupted thread is reading,
        // so that it is not unmapped now. That the kernel keeps one map a page is why the last page is ours alone.
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

/// As it would have been without us: the former handler, or the default, which ends the process when the instruction
/// is tried again.
fn hand_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let before = BEFORE.get();
    let handler = before.map_or(libc::SIG_DFL, |before| before.sa_sigaction);
    // SAFETY: what stands in a `sigaction` that the system gave us is a function of the kind that its flags say, or one
    // of the two constants that are checked first.
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
