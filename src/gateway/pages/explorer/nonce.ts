/** The editor makes style elements as it goes; the page's policy wants to see its nonce on them. Imported before the editor. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
const create = Document.prototype.createElement;

Document.prototype.createElement = function (this: Document, name: string, options?: ElementCreationOptions) {
  const made = create.call(this, name, options);
  if (name.toLowerCase() === 'style') made.nonce = nonce;
  return made;
} as typeof create;
