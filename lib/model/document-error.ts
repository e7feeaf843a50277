/** A document that cannot be read, and why. */
export class DocumentError extends Error {
  override readonly name = "DocumentError";
}
