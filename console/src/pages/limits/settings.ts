/** A pool's settings as people write them: without what is not set, an amount alone as a number. */

export function compact(settings: object): Record<string, unknown> {
  return (prune(settings) ?? {}) as Record<string, unknown>;
}

function prune(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const kept = Object.entries(value)
    .map(([name, one]) => [name, prune(one)] as const)
    .filter(([, one]) => one !== undefined);
  if (!kept.length) return undefined;
  const [first] = kept;
  if (kept.length === 1 && first?.[0] === "amount" && typeof first[1] === "number") return first[1];
  return Object.fromEntries(kept);
}

/** What was typed, or why it is nothing that can be put. */
export function parsed(text: string): { body?: object; fault?: string } {
  try {
    const body: unknown = JSON.parse(text);
    if (body && typeof body === "object" && !Array.isArray(body)) return { body };
    return { fault: "A pool is an object: { … }." };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
