import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function QueuesPage() {
  return (
    <Page title="Queues">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
