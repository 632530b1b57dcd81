import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function WorkersPage() {
  return (
    <Page title="Workers">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
