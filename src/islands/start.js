// Starts the islands. The page works without it.
const start = document.querySelector("script[data-wasm]");
// One island found in the document, then what stands inside it: the order leptos expects.
async function traverse(node, mod, children) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  const tag = node.localName;
  if (tag === "leptos-island") {
    children.at(-1)?.();
    await mod[node.dataset.component]?.(node);
  }
  if (tag === "leptos-children") children.push(node.$$on_hydrate);
  for (const child of [...node.children]) await traverse(child, mod, children);
  if (tag === "leptos-children") children.pop();
}
if (document.querySelector("leptos-island")) {
  const wasm = fetch(start.dataset.wasm);
  const mod = await import(start.dataset.glue);
  await mod.default({ module_or_path: wasm });
  mod.hydrate();
  await traverse(document.body, mod, []);
  document.documentElement.dataset.islands = "ready";
  document.dispatchEvent(new Event("islands:ready"));
}
