/** A cron expression in words, and expressions for the common rhythms. */

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** `every 5 minutes`, `at 06:30, Monday to Friday`; null where only the next runs can tell. */
export function inWords(cron: string): string | null {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  if (month !== "*") return null;
  const on = days(day, weekday);
  if (on === null) return null;
  const time = clock(minute, hour);
  return time && [time, on].filter(Boolean).join(", ");
}

function clock(minute: string, hour: string): string | null {
  const step = /^\*\/(\d+)$/;
  const number = /^\d+$/;
  if (hour === "*") {
    if (minute === "*") return "every minute";
    const every = step.exec(minute)?.[1];
    // The last stretch of an hour is shorter when it does not divide it.
    if (every) return 60 % Number(every) ? null : plural("every", Number(every), "minute");
    return number.test(minute) ? `every hour at :${minute.padStart(2, "0")}` : null;
  }
  if (!number.test(minute)) return null;
  if (number.test(hour)) return `at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  const every = step.exec(hour)?.[1];
  if (!every || 24 % Number(every)) return null;
  const past = Number(minute) ? ` at :${minute.padStart(2, "0")}` : "";
  return `${plural("every", Number(every), "hour")}${past}`;
}

function days(day: string, weekday: string): string | null {
  if (day === "*" && weekday === "*") return "";
  if (weekday === "*") return /^\d+$/.test(day) ? `on day ${day} of the month` : null;
  if (day !== "*") return null;
  const [, from, to] = /^([0-7])(?:-([0-7]))?$/.exec(weekday) ?? [];
  if (from === undefined) return null;
  const first = DAYS[Number(from) % 7];
  return to === undefined ? `on ${first}s` : `${first} to ${DAYS[Number(to) % 7]}`;
}

const plural = (before: string, count: number, unit: string) =>
  count === 1 ? `${before} ${unit}` : `${before} ${count} ${unit}s`;

export const RHYTHMS = [
  { label: "Every 5 minutes", value: "*/5 * * * *" },
  { label: "Every 15 minutes", value: "*/15 * * * *" },
  { label: "Every hour", value: "0 * * * *" },
  { label: "Every 6 hours", value: "0 */6 * * *" },
  { label: "Every day at 02:30", value: "30 2 * * *" },
  { label: "Workdays at 06:30", value: "30 6 * * 1-5" },
  { label: "Mondays at 08:00", value: "0 8 * * 1" },
  { label: "First of the month", value: "0 4 1 * *" },
];

/** A moment by the clocks of a time zone. */
export function inZone(at: string, timezone: string): string {
  return new Intl.DateTimeFormat(undefined, {
    timeZone: timezone,
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(at));
}
