/** One page of a document: its articles where it was read as a newspaper's, else its text. */

import NewspaperView from "./newspaper";
import PagesView from "./pages";
import { object } from "./read";
import type { ResultProps } from "./registry";

export default function OnePageView({ job, result }: ResultProps) {
  const input = object(job.input);
  if (input.want === "articles") return <NewspaperView job={job} result={result} />;
  const page = { ...object(result), page_number: input.page ?? 1 };
  return <PagesView job={job} result={{ pages: [page] }} />;
}
