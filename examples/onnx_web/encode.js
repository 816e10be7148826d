import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

// More threads need a page that is isolated from other origins.
ort.env.wasm.numThreads = 1;

/** Pad sequences of numbers, arrays of time steps, to a batch for an ONNX file. */
function padNumbers(sequences, nFeatures, type) {
  const nSteps = Math.max(...sequences.map((sequence) => sequence.length));
  const TypedArray = type === "float32" ? Float32Array : Float64Array;
  const values = new TypedArray(sequences.length * nSteps * nFeatures).fill(NaN);
  sequences.forEach((sequence, i) =>
    sequence.forEach((step, t) =>
      step.forEach((value, k) => {
        // In JSON, null is a missing value.
        values[(i * nSteps + t) * nFeatures + k] = value === null ? NaN : value;
      }),
    ),
  );
  return new ort.Tensor(type, values, [sequences.length, nSteps, nFeatures]);
}

/** Pad strings, each of which is a sequence of characters. */
function padCharacters(strings) {
  // Code points, as in Python.
  const characters = strings.map((text) => Array.from(text));
  const nSteps = Math.max(...characters.map((sequence) => sequence.length));
  const padded = characters.flatMap((sequence) =>
    Array.from({ length: nSteps }, (_, t) => sequence[t] ?? ""),
  );
  return new ort.Tensor("string", padded, [strings.length, nSteps, 1]);
}

function countSteps(sequences) {
  const lengths = sequences.map((sequence) => BigInt(Array.from(sequence).length));
  return new ort.Tensor("int64", BigInt64Array.from(lengths), [sequences.length]);
}

/** Return the largest deviation from the vectors of `transform`, over their spread. */
function compare(vectors, expected, spread) {
  const differences = expected.flat().map((x, i) => Math.abs(x - vectors.data[i]));
  return Math.max(...differences) / spread;
}

async function run(name, makeInputs) {
  const { sequences, expected, spread, type } = await (await fetch(`${name}.json`)).json();
  const session = await ort.InferenceSession.create(`${name}.onnx`);
  const inputs = { ...makeInputs(sequences, type), lengths: countSteps(sequences) };
  await session.run(inputs); // the first run allocates memory
  const started = performance.now();
  const { vectors } = await session.run(inputs);
  const elapsed = performance.now() - started;
  return {
    sequences: sequences.length,
    shape: vectors.dims,
    deviation: compare(vectors, expected, spread),
    milliseconds: elapsed,
  };
}

const results = {};
try {
  results.numbers = await run("numbers", (sequences, type) => ({
    values: padNumbers(sequences, sequences[0][0].length, type),
  }));
  results.words = await run("words", (sequences) => ({
    categories: padCharacters(sequences),
  }));
} catch (error) {
  results.error = String(error);
}
document.getElementById("result").textContent = JSON.stringify(results, null, 2);
document.title = "done";
