// Every word has to be there; a heading counts more than the text below it.
const box = document.querySelector("search input");
const list = document.querySelector("search ol");

function found(words) {
  const scored = [];
  for (const [address, page, heading, text] of window.SECTIONS) {
    const head = `${page} ${heading}`.toLowerCase();
    let score = 0;
    for (const word of words) {
      const here = head.includes(word) ? 10 : text.includes(word) ? 1 : -1000;
      score += here;
    }
    if (score > 0) scored.push([score, address, page, heading]);
  }
  return scored.sort((one, other) => other[0] - one[0]).slice(0, 20);
}

function show() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  list.hidden = !words.length;
  const items = found(words).map(([, address, page, heading]) => {
    const link = document.createElement("a");
    link.href = document.body.dataset.root + address;
    link.append(heading || page);
    const small = document.createElement("small");
    small.append(heading ? page : address);
    link.append(small);
    const item = document.createElement("li");
    item.append(link);
    return item;
  });
  if (!items.length) {
    const nothing = document.createElement("p");
    nothing.append("Nothing found.");
    items.push(document.createElement("li"));
    items[0].append(nothing);
  }
  list.replaceChildren(...items);
}

box.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") list.hidden = true;
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
});
document.addEventListener("click", (event) => { if (!event.target.closest("search")) list.hidden = true; });
