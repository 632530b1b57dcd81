/** What the job would cost at most, or why that is not known yet. */

import { Skeleton } from "@mantine/core";
import type { Schema } from "@/api/client";
import css from "./submit.module.css";

type Quote = Schema["QuoteDocument"];

export function Price({ quote, waiting }: { quote: Quote | undefined; waiting: boolean }) {
  if (waiting) return <Skeleton height={12} width={140} my={4} />;
  if (!quote) return <span className="muted">Its price is told when the input fits.</span>;
  const price = `${quote.credits.toLocaleString()} ${quote.credits === 1 ? "credit" : "credits"}`;
  if (!quote.charged)
    return (
      <span className="muted">
        {quote.credits ? `Priced ${price}; you are not charged.` : "Costs nothing."}
      </span>
    );
  return (
    <span>
      <b>{quote.credits ? `At most ${price}` : "Costs nothing"}</b>
      <span className={quote.suffices ? "muted" : css.lacking}>
        {" · "}
        {quote.suffices
          ? `${quote.available.toLocaleString()} available`
          : `${quote.lacking.toLocaleString()} short of it`}
      </span>
    </span>
  );
}
