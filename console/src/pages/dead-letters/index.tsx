import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function DeadLettersPage() {
  return (
    <Page title="Dead letters">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
