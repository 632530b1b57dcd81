/** What a test prepares and looks up beside the browser, as any other caller would. */

import { inject } from "vitest";

type Submitted = { id: string; state: string };

export async function call<Answer>(
  method: string,
  path: string,
  body?: unknown,
  { url, key }: { url: string; key?: string } = inject("ready"),
): Promise<Answer> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      "Content-Type": "application/json",
      ...(key && { Authorization: `Bearer ${key}` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Answer;
}

export const submit = (type: string, input: unknown, more: object = {}) =>
  call<Submitted>("POST", "/jobs", { type, input, ...more });

/** A PDF of one page that says `text`. */
export function pdf(text: string): Buffer {
  const stream = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let written = "%PDF-1.4\n";
  const places = objects.map((object, number) => {
    const place = written.length;
    written += `${number + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = written.length;
  const rows = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`);
  written += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows.join("")}`;
  written += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
  return Buffer.from(written, "latin1");
}
