// Takes out of the wasm what no visitor can meet, which wasm-opt cannot know: 75 kB become 62 with brotli.
//
// - Panics. They end the module either way (`panic = "abort"`); without their messages the formatting behind them goes too.
// - `Debug`, and floating point as text: islands show what the server formatted, and only an error message of serde_json's about a
//   number where none was expected would print one.
// - Paths of source files, which only panics name.
// - Byte streams between script and Rust, which no island uses and leptos exports anyway.
import binaryen from "binaryen";

const NEVER_RUN = [
  /^core(::|\[\w+\]::)panicking::/,
  /^core(::|\[\w+\]::)(option|result)::(expect|unwrap)_failed/,
  /^core(::|\[\w+\]::)str::slice_error_fail/,
  /rust_begin_unwind/,
  / as core(::|\[\w+\]::)fmt::(Debug|LowerExp)>::fmt/,
  /^<f(32|64) as core(::|\[\w+\]::)fmt::Display>::fmt/,
];
const NEVER_CALLED = /intounderlying(bytesource|source|sink)_/;
const SOURCE_PATH = /(?:\/[\w.@+-]+)+\.rs|(?<![\w/])src(?:\/\w+)+\.rs/g;

/** Wasm with function names in, smaller wasm out. */
export function slim(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  let found = 0;
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const wasm = binaryen.Function(module.getFunctionByIndex(i));
    // Binaryen writes other characters than letters and digits as \5b.
    const name = wasm.name.replace(/\\([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    if (!NEVER_RUN.some((pattern) => pattern.test(name))) continue;
    found += 1;
    wasm.body = module.unreachable();
  }
  if (found === 0) throw new Error("slim.mjs found no function by its name: did the compiler change how it writes them?");
  const exports = Array.from({ length: module.getNumExports() }, (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name);
  for (const name of exports.filter((name) => NEVER_CALLED.test(name))) module.removeExport(name);
  const slimmed = Buffer.from(module.emitBinary()).toString("latin1");
  module.dispose();
  return Buffer.from(slimmed.replace(SOURCE_PATH, (path) => "\0".repeat(path.length)), "latin1");
}
