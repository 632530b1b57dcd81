/** Reads results without trust: a result may be of an older version of its type, or of another's. */

export type Loose = { [name: string]: unknown };

export const object = (value: unknown): Loose =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Loose) : {};

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const objects = (value: unknown): Loose[] => list(value).map(object);
export const texts = (value: unknown): string[] =>
  list(value).filter((one): one is string => typeof one === "string");
export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

const LANGUAGES = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

/** "Italian" for "it"; empty where it could not be told. */
export function languageOf(code: unknown): string {
  const known = text(code);
  if (!known || known === "und") return "";
  try {
    return LANGUAGES.of(known) ?? known;
  } catch {
    return known;
  }
}

/** `1 page`, `12 pages`, `1,204 pages`. */
export const count = (many: number, one: string, more = `${one}s`) =>
  `${many.toLocaleString("en")} ${many === 1 ? one : more}`;
