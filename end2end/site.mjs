// Makes target/site, the files browsers load: style joined, wasm bound and shrunk, everything also as brotli.
// Does only what is out of date, and says what it is doing. Fails where a first visit's script and wasm outgrow their budget.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { slim } from "./slim.mjs";

const BUDGET_BYTES = 90_000;
const WIDGET_BUDGET_BYTES = 6_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(root, "target/site");
const path = `${join(root, "target/tools/bin")}:${process.env.PATH}`;
mkdirSync(site, { recursive: true });

function run(what, command, args) {
  console.log(`site: ${what}`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, PATH: path } });
  if (status === 0) return;
  console.error(`site: ${command} failed${error ? `: ${error.message}` : ""}`);
  process.exit(1);
}

function write(name, bytes) {
  const file = join(site, name);
  if (existsSync(`${file}.br`) && existsSync(file) && readFileSync(file).equals(bytes)) return;
  writeFileSync(file, bytes);
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
}

const style = ["tokens.css", "portal.css"].map((name) => readFileSync(join(root, "style", name), "utf8")).join("\n");
// Inside every page: without its comments and indentation.
write("portal.css", Buffer.from(style.replace(/\/\*.*?\*\//gs, "").replace(/\s*\n\s*/g, "\n")));
for (const name of ["start.js", "card.js"]) write(name, readFileSync(join(root, "src/islands", name)));
for (const name of ["frame.js", "widget.js"]) write(name, readFileSync(join(root, "src/widget", name)));

run("compiling the islands to wasm (the first time: about two minutes)", "cargo", ["rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--profile", "wasm-release", "--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "hydrate"]);
const compiled = join(root, "target/wasm32-unknown-unknown/wasm-release/portico.wasm");
const stamp = join(site, "wasm.sha256");
// Made from the compiled wasm by these scripts and packages: a change of any makes it anew.
const inputs = [compiled, ...["site.mjs", "slim.mjs", "package-lock.json"].map((name) => join(root, "end2end", name))];
const hash = inputs.reduce((h, file) => h.update(readFileSync(file)), createHash("sha256")).digest("hex");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== hash) {
  const bound = join(root, "target/bound");
  run("binding the wasm to script", "wasm-bindgen", ["--target", "web", "--no-typescript", "--out-dir", bound, "--out-name", "portico", compiled]);
  writeFileSync(join(bound, "slim.wasm"), slim(readFileSync(join(bound, "portico_bg.wasm"))));
  // From npm: Debian's wasm-opt makes wasm that never hydrates.
  const optimiser = join(root, "end2end/node_modules/binaryen/bin/wasm-opt");
  const flags = ["--all-features", "-Oz", "--gufa", "-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"];
  run("shrinking the wasm", "node", [optimiser, ...flags, join(bound, "slim.wasm"), "-o", join(bound, "portico.wasm")]);
  write("portico.js", readFileSync(join(bound, "portico.js")));
  write("portico.wasm", readFileSync(join(bound, "portico.wasm")));
  writeFileSync(stamp, hash);
}

const size = (name) => statSync(join(site, `${name}.br`)).size;
const visit = ["start.js", "portico.js", "portico.wasm"].reduce((sum, name) => sum + size(name), 0);
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`site: ready in target/site; with brotli: style ${kB(size("portal.css"))}, script and wasm ${kB(visit)} of ${kB(BUDGET_BYTES)}`);
if (size("widget.js") > WIDGET_BUDGET_BYTES) {
  console.error(`site: widget.js is ${size("widget.js")} bytes with brotli; vendors' pages are promised ${WIDGET_BUDGET_BYTES}`);
  process.exit(1);
}
if (visit > BUDGET_BYTES) {
  console.error("site: script and wasm outgrew the budget of a first visit; see src/islands/mod.rs for what makes islands large");
  process.exit(1);
}
