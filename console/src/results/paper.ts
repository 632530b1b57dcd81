/** What a newspaper's result, or that of one of its pages, holds. */

import { number, object, objects, text, texts } from "./read";

export type PaperArticle = {
  title: string;
  subtitle: string;
  author: string;
  body: string;
  topics: string[];
  summary: string;
  boxes: { left: number; top: number; right: number; bottom: number }[];
};

export type PaperPage = {
  number: number;
  skipped: boolean;
  reason: string;
  articles: PaperArticle[];
};

export function pagesOf(result: unknown): PaperPage[] {
  const found = object(result);
  const pages = Array.isArray(found.pages) ? objects(found.pages) : [found];
  return pages.map((page, place) => ({
    number: number(page.page_number) ?? place + 1,
    skipped: page.status === "skipped",
    reason: text(page.reason),
    articles: objects(page.articles).map((one) => ({
      title: text(one.title),
      subtitle: text(one.subtitle),
      author: text(one.author),
      body: text(one.body),
      topics: texts(one.topics),
      summary: text(one.summary),
      boxes: objects(one.boxes).map((box) => ({
        left: number(box.left) ?? 0,
        top: number(box.top) ?? 0,
        right: number(box.right) ?? 0,
        bottom: number(box.bottom) ?? 0,
      })),
    })),
  }));
}

export const articleText = ({ title, subtitle, author, body }: PaperArticle) =>
  [title.toUpperCase(), subtitle, author, body].filter(Boolean).join("\n\n");
