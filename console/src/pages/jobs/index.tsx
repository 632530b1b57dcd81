import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function JobsPage() {
  return (
    <Page title="Jobs">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
