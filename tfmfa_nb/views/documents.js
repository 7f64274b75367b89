// What mends an error, ready to paste: policies and blocks of configuration. Their text is others', and only text.

class Documents {
  constructor() {
    this.node = make("div", "tfmfa-documents");
  }

  draw(documents) {
    show(this.node, documents.length > 0);
    const key = JSON.stringify(documents);
    if (this.node.dataset.key === key) return; // a selection that is being copied stays
    this.node.dataset.key = key;
    this.node.replaceChildren(
      ...documents.map(({ title, text }) => {
        const body = label(make("pre", "tfmfa-document tfmfa-mono", text), { tabindex: "0", role: "region", "aria-label": title });
        return make("div", "", make("div", "tfmfa-document-title", title), body);
      }),
    );
  }
}
