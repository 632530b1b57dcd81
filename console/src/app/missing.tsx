/** What stands where no page is, and where one broke. */

import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";
import { ProblemPanel } from "@/parts/problem-panel";

export function NotFound() {
  return (
    <Page title="Nothing here">
      <EmptyState
        title="No page has this address"
        action={
          <Button component={Link} to="/" variant="default">
            Go to the overview
          </Button>
        }
      >
        The link may be old, or a letter is missing.
      </EmptyState>
    </Page>
  );
}

/** A page that threw. */
export function Stumbled({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page stumbled">
      <ProblemPanel error={error} onRetry={reset} />
    </Page>
  );
}
