//! Which vector instructions there are, found out once when the program runs.

/// A set of instructions that this processor has. It can only be had from [`Processor::detect`] and
/// [`Processor::all`], so that whoever holds one may use its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processor(pub(super) Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "aarch64")]
    Neon,
    #[cfg(target_arch = "aarch64")]
    NeonDot,
}

impl Processor {
    /// The name of the set that every processor has.
    pub const PLAIN: &'static str = "none";

    /// The fastest set that is here.
    #[must_use]
    pub fn detect() -> Self {
        Self::all().pop().unwrap_or(Self(Level::Plain))
    }

    /// All sets that are here, from the plainest to the fastest.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self(Level::Plain)];
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("fma") && has!("f16c") {
                all.push(Self(Level::Avx2));
                if has!("avxvnni") {
                    all.push(Self(Level::AvxVnni));
                }
                if has!("avx512f")
                    && has!("avx512bw")
                    && has!("avx512dq")
                    && has!("avx512vl")
                    && has!("avx512vnni")
                {
                    all.push(Self(Level::Avx512Vnni));
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            use std::arch::is_aarch64_feature_detected as has;
            if has!("neon") {
                all.push(Self(Level::Neon));
                if has!("dotprod") {
                    all.push(Self(Level::NeonDot));
                }
            }
        }
        all
    }

    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Plain => Self::PLAIN,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Level::AvxVnni => "AVX-VNNI",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni => "AVX-512 VNNI",
            #[cfg(target_arch = "aarch64")]
            Level::Neon => "NEON",
            #[cfg(target_arch = "aarch64")]
            Level::NeonDot => "NEON with dot products",
        }
    }
}

/// Compiles a function once for each set of instructions, and calls the one for `processor`. The function must be
/// `#[inline(always)]`, or it would be compiled for the plainest only.
macro_rules! compiled_for {
    ($processor:expr, $body:path, ($($argument:ident: $kind:ty),* $(,)?)) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma,f16c")]
        fn avx2($($argument: $kind),*) {
            $body($($argument),*);
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
        fn avx512($($argument: $kind),*) {
            $body($($argument),*);
        }
        match $processor.0 {
            $crate::writing::kernels::processor::Level::Plain => {
                $body($($argument),*);
            }
            // SAFETY: a `Processor` of this level exists only where these instructions were found.
            #[cfg(target_arch = "x86_64")]
            $crate::writing::kernels::processor::Level::Avx2 | $crate::writing::kernels::processor::Level::AvxVnni => unsafe {
                avx2($($argument),*);
            },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            $crate::writing::kernels::processor::Level::Avx512Vnni => unsafe {
                avx512($($argument),*);
            },
            // The plainest code for aarch64 has NEON.
            #[cfg(target_arch = "aarch64")]
            $crate::writing::kernels::processor::Level::Neon
            | $crate::writing::kernels::processor::Level::NeonDot => {
                $body($($argument),*);
            }
        }
    }};
}
pub(super) use compiled_for;
