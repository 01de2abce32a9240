"""Other people's implementations, timed as ours are: `cargo xtask bench` asks this program and ours in turn.

    python peers.py pytorch                 attention: a line in is HEADS D_HEAD TOKENS causal|full dropped|kept|reused (as they do with either)
    python peers.py onnxruntime             the same
    python peers.py transformers FILE       a model, from a GGUF file: a line in is
    python peers.py llama.cpp FILE            load | prefill TOKENS nothing|patterns|trace|all | decode | memory

A line out is milliseconds (of `memory`, the process's largest size so far in bytes), or `no` and why. The first line
out is `ready` and the versions.
"""

import os

THREADS = 2
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, str(THREADS))

import statistics
import sys
import time

ENOUGH_MS = 100.0
"""As long as this, and not longer than a call that takes longer."""


class NotOffered(Exception):
    """What this peer cannot do, in a few words."""


def milliseconds(work):
    """The median of as many calls as fill a tenth of a second. The first call finds cold caches and does not count,
    unless it is so long that it makes no difference."""

    def once():
        start = time.perf_counter()
        result = work()
        taken = (time.perf_counter() - start) * 1e3
        del result
        return taken

    first = once()
    if first > 5 * ENOUGH_MS:
        return first
    times = [once()]
    while sum(times) < ENOUGH_MS:
        times.append(once())
    return statistics.median(times)


def random(shape, seed):
    import numpy

    return numpy.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


class Pytorch:
    """`scaled_dot_product_attention`; where the weights are kept, softmax(q·kᵀ)·v, which is PyTorch's only way."""

    def __init__(self):
        import torch

        torch.set_num_threads(THREADS)
        self.torch = torch
        self.version = f"PyTorch {torch.__version__}"

    def answer(self, heads, d_head, tokens, mask, kept):
        torch, causal = self.torch, mask == "causal"
        heads, d_head, tokens = int(heads), int(d_head), int(tokens)
        q, k, v = (torch.from_numpy(random((1, heads, tokens, d_head), seed)) for seed in (1, 2, 3))
        hidden = None
        if causal and kept != "dropped":
            hidden = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)

        def weights():
            scores = (q @ k.transpose(-1, -2)).mul_(d_head**-0.5)
            if hidden is not None:
                scores.masked_fill_(hidden, float("-inf"))
            pattern = torch.softmax(scores, -1)
            return pattern, pattern @ v

        def mixed():
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)

        with torch.inference_mode():
            return milliseconds(weights if kept != "dropped" else mixed)


class Onnxruntime:
    """The operator `Attention` of ONNX (opset 23), which can give its weights out."""

    WEIGHTS = 3

    def __init__(self):
        import onnx
        import onnxruntime

        # It warns at each call that the weights' shape was not foreseen.
        onnxruntime.set_default_logger_severity(3)
        self.onnx, self.runtime = onnx, onnxruntime
        self.version = f"onnxruntime {onnxruntime.__version__}"

    def operator(self, causal, kept):
        """A graph of this one operator, as a file."""
        helper = self.onnx.helper
        outputs = ["z", "", "", "pattern"] if kept else ["z"]
        mode = {"qk_matmul_output_mode": self.WEIGHTS} if kept else {}
        node = helper.make_node("Attention", ["q", "k", "v"], outputs, is_causal=int(causal), **mode)
        shape = ["batch", "heads", "tokens", "width"]
        declared = lambda name: helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, shape)
        graph = helper.make_graph(
            [node], "attention", [declared(x) for x in "qkv"], [declared(x) for x in outputs if x]
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
        return model.SerializeToString()

    def session(self, causal, kept):
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = THREADS
        # Threads that wait busily would take the time of whoever is asked next.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return self.runtime.InferenceSession(self.operator(causal, kept), options, ["CPUExecutionProvider"])

    def answer(self, heads, *words):
        if heads == "operator":
            with open(words[0], "wb") as file:
                return file.write(self.operator(causal=True, kept=False))
        d_head, tokens, mask, kept = words
        session = self.session(mask == "causal", kept != "dropped")
        shape = (1, int(heads), int(tokens), int(d_head))
        # As OrtValues: nothing is copied on the way in or out.
        given = {x: self.runtime.OrtValue.ortvalue_from_numpy(random(shape, ord(x))) for x in "qkv"}
        return milliseconds(lambda: session.run_with_ort_values(None, given))


class OfAModel:
    """What is asked of a whole model."""

    PROMPT, WRITTEN = 32, 64

    def answer(self, what, *words):
        if what == "memory":
            return most_memory()
        if what == "load":
            start = time.perf_counter()
            self.load()
            return (time.perf_counter() - start) * 1e3
        if what == "decode":
            return self.decode()
        tokens, kept = words
        return self.prefill([1000 + 7 * i % 5000 for i in range(int(tokens))], kept)


class Transformers(OfAModel):
    """transformers in f32: `sdpa` and the last token's logits; `eager` where patterns are kept."""

    def __init__(self, file):
        import torch
        import transformers

        torch.set_num_threads(THREADS)
        transformers.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.torch, self.transformers, self.file = torch, transformers, file
        self.version = f"transformers {transformers.__version__}"
        self.load()

    def load(self):
        folder, name = os.path.split(self.file)
        of_file = self.transformers.AutoModelForCausalLM.from_pretrained
        self.model = of_file(folder, gguf_file=name, dtype=self.torch.float32, attn_implementation="sdpa").eval()

    def prefill(self, tokens, kept):
        ids = self.torch.tensor([tokens])
        self.model.set_attn_implementation("sdpa" if kept == "nothing" else "eager")
        options = {
            "nothing": {"logits_to_keep": 1},
            "patterns": {"logits_to_keep": 1, "output_attentions": True},
            "trace": {"output_attentions": True, "output_hidden_states": True},
        }.get(kept)
        if options is None:
            raise NotOffered("gives out no more than patterns, the stream and logits")
        with self.torch.inference_mode():
            return milliseconds(lambda: self.model(ids, use_cache=True, **options))

    def decode(self):
        torch = self.torch
        self.model.set_attn_implementation("sdpa")
        with torch.inference_mode():
            out = self.model(torch.tensor([[1000 + 7 * i for i in range(self.PROMPT)]]), use_cache=True)
            start = time.perf_counter()
            for _ in range(self.WRITTEN):
                token = out.logits[:, -1:].argmax(-1)
                out = self.model(token, past_key_values=out.past_key_values, use_cache=True, logits_to_keep=1)
            return (time.perf_counter() - start) * 1e3


class LlamaCpp(OfAModel):
    """llama.cpp by llama-cpp-python, on the file as it is."""

    def __init__(self, file):
        import llama_cpp

        self.llama_cpp, self.file = llama_cpp, file
        self.version = f"llama-cpp-python {llama_cpp.__version__}"
        self.load()

    def load(self):
        self.model = self.llama_cpp.Llama(
            self.file, n_ctx=4096, n_batch=512, n_threads=THREADS, n_threads_batch=THREADS, verbose=False
        )

    def prefill(self, tokens, kept):
        if kept != "nothing":
            raise NotOffered("gives out no patterns")

        def work():
            self.model.reset()
            self.model.eval(tokens)

        return milliseconds(work)

    def decode(self):
        self.model.reset()
        self.model.eval([1000 + 7 * i for i in range(self.PROMPT)])
        start = time.perf_counter()
        for _ in range(self.WRITTEN):
            self.model.eval([self.model.sample(temp=0.0)])
        return (time.perf_counter() - start) * 1e3


def most_memory():
    """The largest resident size of this process so far, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


PEERS = {"pytorch": Pytorch, "onnxruntime": Onnxruntime, "transformers": Transformers, "llama.cpp": LlamaCpp}


def main():
    who, *arguments = sys.argv[1:]
    peer = PEERS[who](*arguments)
    print(f"ready {peer.version}", flush=True)
    for line in sys.stdin:
        try:
            print(f"{peer.answer(*line.split()):.5f}", flush=True)
        except Exception as error:  # whatever it is, the other measurements go on
            said = str(error).strip().splitlines() or [type(error).__name__]
            print(f"no {said[0][:150]}", flush=True)


if __name__ == "__main__":
    main()
