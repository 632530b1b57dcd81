/** What somebody sees who follows a link, or types an address, to a page that is not for them. */

import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { signOut } from "@/api/session";
import { type Scope, useMay, useMe, useSession } from "@/hooks/use-me";
import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export function Allowed({
  scopes,
  label,
  children,
}: {
  /** One of these is needed. */
  scopes: Scope[];
  label: string;
  children: ReactNode;
}) {
  const { me } = useMe();
  const may = useMay();
  const { credential } = useSession();
  // Who it is may not be known while the API is away: the page says that better.
  if (!me || may(...scopes)) return children;
  const has = me.scopes.length ? me.scopes.join(", ") : "nothing";
  return (
    <Page title={label}>
      <EmptyState
        title="Your role may not see this page"
        action={
          <>
            <Button component={Link} to="/">
              Go to the overview
            </Button>
            {credential && (
              <Button variant="default" onClick={() => signOut()}>
                Sign in with another key
              </Button>
            )}
          </>
        }
      >
        It needs the scope {scopes.join(" or ")}; {me.subject} has {has}. Who manages the keys can
        make one that has it.
      </EmptyState>
    </Page>
  );
}
