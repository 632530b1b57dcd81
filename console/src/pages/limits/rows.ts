/** A pool's settings as rows of a form, and back. What the rows do not show is kept as it is. */

import { compact } from "./settings";

/** Where a limit stands in the settings, and whether one names whose it is there. */
export const WHOM = {
  pool: { label: "by all together", named: false },
  per_tenant: { label: "by each tenant", named: false },
  per_model: { label: "by each model", named: false },
  per_user: { label: "by each user", named: false },
  per_key: { label: "by each key", named: false },
  tenants: { label: "by the tenant", named: true },
  models: { label: "by the model", named: true },
  users: { label: "by the user", named: true },
  keys: { label: "by the key", named: true },
} as const;
export type Whom = keyof typeof WHOM;

const PERIODS = ["second", "minute", "hour", "day", "week", "month"];
export const MEASURES: { value: string; label: string }[] = [
  { value: "concurrency", label: "calls at once" },
  ...["requests", "tokens"].flatMap((what) =>
    PERIODS.map((period) => ({ value: `${what}_per_${period}`, label: `${what} a ${period}` })),
  ),
];
const known = new Set(MEASURES.map((one) => one.value));

export type Row = {
  /** Of the row alone: what React knows it by. */
  id: number;
  whom: Whom;
  name: string;
  measure: string;
  amount: number | "";
  /** Strategy and burst of this limit alone. */
  more: Record<string, unknown>;
};

type Settings = Record<string, unknown>;
const isObject = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The limits that rows can show, and the settings without them. */
export function read(settings: object): { rows: Row[]; rest: Settings } {
  const rows: Row[] = [];
  const take = (from: Settings, whom: Whom, name: string): Settings => {
    const left: Settings = {};
    for (const [measure, value] of Object.entries(from)) {
      const { amount, ...more } = isObject(value) ? value : { amount: value };
      if (known.has(measure) && typeof amount === "number")
        rows.push({ id: rows.length, whom, name, measure, amount, more });
      // A weight of one is everybody's.
      else if (measure !== "weight" || value !== 1) left[measure] = value;
    }
    return left;
  };
  const rest = take(compact(settings) as Settings, "pool", "");
  for (const whom of Object.keys(WHOM) as Whom[]) {
    const scope = rest[whom];
    if (!isObject(scope)) continue;
    rest[whom] = WHOM[whom].named
      ? Object.fromEntries(
          Object.entries(scope).map(([name, one]) => [
            name,
            isObject(one) ? take(one, whom, name) : one,
          ]),
        )
      : take(scope, whom, "");
  }
  return { rows, rest: compact(rest) };
}

/** The settings that rows and rest make together. */
export function written(rows: Row[], rest: Settings): Settings {
  const settings = structuredClone(rest);
  const within = (of: Settings, name: string) => {
    if (!isObject(of[name])) of[name] = {};
    return of[name] as Settings;
  };
  for (const { whom, name, measure, amount, more } of rows) {
    if (amount === "") continue;
    const scope = whom === "pool" ? settings : within(settings, whom);
    const place = WHOM[whom].named ? within(scope, name.trim()) : scope;
    place[measure] = Object.keys(more).length ? { amount, ...more } : amount;
  }
  return settings;
}

/** Why the rows are no settings yet; undefined when they are. */
export function faultIn(rows: Row[]): string | undefined {
  const seen = new Set<string>();
  for (const { whom, name, measure, amount } of rows) {
    if (amount === "") return "A limit has a number.";
    if (WHOM[whom].named && !name.trim()) return "Say whose limit it is.";
    const place = `${whom} ${WHOM[whom].named ? name.trim() : ""} ${measure}`;
    if (seen.has(place)) return "One limit stands there twice.";
    seen.add(place);
  }
  return undefined;
}

// As the API fills in what was not said.
const UNSAID: Settings = { slack_s: 0.1, local_share: 0, breaker_failure_rate: 0, types: [] };

/** What is set beside the rows and is not a field of the form either, by name. */
export const beside = (rest: Settings, fields: string[]) =>
  Object.keys(rest).filter(
    (name) => !fields.includes(name) && JSON.stringify(rest[name]) !== JSON.stringify(UNSAID[name]),
  );
