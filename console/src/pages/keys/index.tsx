import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function KeysPage() {
  return (
    <Page title="Keys">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
