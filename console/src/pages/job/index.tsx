import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function JobPage() {
  return (
    <Page title="Job">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
