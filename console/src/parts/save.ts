/** Hands text to the reader as a file. Made here, not linked: a link could not carry the credential. */
export function save(name: string, content: string | Blob, mediaType = "text/plain") {
  const blob =
    content instanceof Blob ? content : new Blob([content], { type: `${mediaType};charset=utf-8` });
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Some browsers begin to read it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
