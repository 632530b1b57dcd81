import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function SchedulesPage() {
  return (
    <Page title="Schedules">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
