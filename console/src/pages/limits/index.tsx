import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function LimitsPage() {
  return (
    <Page title="Limits">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
