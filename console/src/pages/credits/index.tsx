import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function CreditsPage() {
  return (
    <Page title="Credits">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
