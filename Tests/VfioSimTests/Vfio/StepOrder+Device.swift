// SPDX-License-Identifier: GPL-2.0-only

extension StepOrder {
  static let gates = """
    reset
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      list_for_each_entry_safe(vdev->dmabufs) 1 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == OK | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == OK | vdev->memory_lock, dmabuf->resv
      priv->status OK -> TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = sgt | vdev->memory_lock, dmabuf->resv
      dma_buf_unmap_attachment(importer mappings) peer | vdev->memory_lock, dmabuf->resv
      kfree(struct sg_table) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 2 -> 1 | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 1 -> 0, vfio_pci_dma_buf_done | vdev->memory_lock
      complete(priv->comp) done = 1 | vdev->memory_lock
      wait_for_completion(priv->comp) done = 0 | vdev->memory_lock
      down_read(i_mmap_rwsem) | vdev->memory_lock
      zap_pte_range(page table) 0x100000000000: cleared | vdev->memory_lock, i_mmap_rwsem(r)
      up_read(i_mmap_rwsem) | vdev->memory_lock, i_mmap_rwsem(r)
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x400 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x400 -> 0x0 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x0 -> 0x2 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vdev->memory_lock
      list_for_each_entry_safe(vdev->dmabufs) 1 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = NULL | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_init(priv->kref) 0 -> 1 | vdev->memory_lock
      reinit_completion(priv->comp) done = 0 | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status TEMP_REVOKED -> OK | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
    map after the reset
      dma_resv_lock(dmabuf->resv)
      dma_buf_map_attachment(struct dma_buf_attachment) | dmabuf->resv
      priv->status == OK | dmabuf->resv
      kref_get(priv->kref) 1 -> 2 | dmabuf->resv
      dma_buf_map_attachment(importer mappings) peer has struct sg_table#2 | dmabuf->resv
      WRITE_ONCE(importer->sgt) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
    memory off
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      list_for_each_entry_safe(vdev->dmabufs) 1 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == OK | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == OK | vdev->memory_lock, dmabuf->resv
      priv->status OK -> TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = sgt | vdev->memory_lock, dmabuf->resv
      dma_buf_unmap_attachment(importer mappings) peer | vdev->memory_lock, dmabuf->resv
      kfree(struct sg_table) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 2 -> 1 | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 1 -> 0, vfio_pci_dma_buf_done | vdev->memory_lock
      complete(priv->comp) done = 1 | vdev->memory_lock
      wait_for_completion(priv->comp) done = 0 | vdev->memory_lock
      down_read(i_mmap_rwsem) | vdev->memory_lock
      zap_pte_range(page table) | vdev->memory_lock, i_mmap_rwsem(r)
      up_read(i_mmap_rwsem) | vdev->memory_lock, i_mmap_rwsem(r)
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x0 | vdev->memory_lock
      cpu_to_le16(vconfig[PCI_COMMAND]) 0x2 -> 0x0 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x0 | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
    export with memory off
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      refcount_inc_not_zero(device->refcount) 3 -> 4
      down_write(vdev->memory_lock)
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock, dmabuf->resv
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x0 | vdev->memory_lock, dmabuf->resv
      priv->status OK -> TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      list_add_tail(vdev->dmabufs) | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      up_write(vdev->memory_lock) | vdev->memory_lock
      fd_install(files) = 2
      fput(f_ref) 2 -> 1
    fault with memory off
      load(page table) 0x100000000000: not present
      vma_start_read(vm_area_struct)
      dma_resv_lock(dmabuf->resv) | vm_area_struct(r)
      READ_ONCE(priv->vdev) = vdev | vm_area_struct(r), dmabuf->resv
      READ_ONCE(priv->status) = TEMP_REVOKED | vm_area_struct(r), dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vm_area_struct(r), dmabuf->resv
      vma_end_read(vm_area_struct) | vm_area_struct(r)
    reset with memory off
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      list_for_each_entry_safe(vdev->dmabufs) 2 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      get_file_active(f_ref) 1 -> 2 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      fput(f_ref) 2 -> 1 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      pci_read_config_word(PCI_COMMAND) = 0x0 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x0 -> 0x400 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x400 -> 0x0 | vdev->memory_lock
      pci_write_config_word(PCI_COMMAND) 0x0 -> 0x0 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x0 | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
    pread with memory off
      down_read(vdev->memory_lock)
      pdev->current_state == d0 | vdev->memory_lock(r)
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x0 | vdev->memory_lock(r)
      up_read(vdev->memory_lock) | vdev->memory_lock(r)
    REVOKE with memory off
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      fget(files) 2
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      READ_ONCE(priv->vdev) = vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      priv->status TEMP_REVOKED -> PERM_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
      fput(f_ref) 2 -> 1
    memory on
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      pci_write_config_word(PCI_COMMAND) 0x0 -> 0x2 | vdev->memory_lock
      cpu_to_le16(vconfig[PCI_COMMAND]) 0x0 -> 0x2 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vdev->memory_lock
      list_for_each_entry_safe(vdev->dmabufs) 2 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = NULL | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_init(priv->kref) 0 -> 1 | vdev->memory_lock
      reinit_completion(priv->comp) done = 0 | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status TEMP_REVOKED -> OK | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      get_file_active(f_ref) 1 -> 2 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == PERM_REVOKED | vdev->memory_lock
      fput(f_ref) 2 -> 1 | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
    pread
      down_read(vdev->memory_lock)
      pdev->current_state == d0 | vdev->memory_lock(r)
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vdev->memory_lock(r)
      ioread(BAR2) [0x0] = 0x0 | vdev->memory_lock(r)
      up_read(vdev->memory_lock) | vdev->memory_lock(r)
    pwrite
      down_read(vdev->memory_lock)
      pdev->current_state == d0 | vdev->memory_lock(r)
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vdev->memory_lock(r)
      iowrite(BAR2) [0x0] = 0x3 | vdev->memory_lock(r)
      up_read(vdev->memory_lock) | vdev->memory_lock(r)
    D3hot
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      list_for_each_entry_safe(vdev->dmabufs) 2 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == OK | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == OK | vdev->memory_lock, dmabuf->resv
      priv->status OK -> TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = NULL | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_put(priv->kref) 1 -> 0, vfio_pci_dma_buf_done | vdev->memory_lock
      complete(priv->comp) done = 1 | vdev->memory_lock
      wait_for_completion(priv->comp) done = 0 | vdev->memory_lock
      down_read(i_mmap_rwsem) | vdev->memory_lock
      zap_pte_range(page table) | vdev->memory_lock, i_mmap_rwsem(r)
      up_read(i_mmap_rwsem) | vdev->memory_lock, i_mmap_rwsem(r)
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      get_file_active(f_ref) 1 -> 2 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == PERM_REVOKED | vdev->memory_lock
      fput(f_ref) 2 -> 1 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      pci_write_config_word(PM_CTRL)(PCI_COMMAND) d0 -> d3hot | vdev->memory_lock
      pdev->current_state d0 -> d3hot | vdev->memory_lock
      pdev->current_state == d3hot | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
    D0
      fget(files) 0
      get_file_rcu(f_ref) 1 -> 2
      down_write(vdev->memory_lock)
      pdev->current_state == d3hot | vdev->memory_lock
      pci_write_config_word(PM_CTRL)(PCI_COMMAND) d3hot -> d0 | vdev->memory_lock
      pdev->current_state d3hot -> d0 | vdev->memory_lock
      pdev->current_state == d0 | vdev->memory_lock
      le16_to_cpu(vconfig[PCI_COMMAND]) = 0x2 | vdev->memory_lock
      list_for_each_entry_safe(vdev->dmabufs) 2 buffers | vdev->memory_lock
      get_file_active(f_ref) 3 -> 4 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status == TEMP_REVOKED | vdev->memory_lock, dmabuf->resv
      dma_buf_invalidate_mappings(dmabuf->attachments) 1 importers | vdev->memory_lock, dmabuf->resv
      invalidate_mappings(importer->sgt) | vdev->memory_lock, dmabuf->resv
      xchg(importer->sgt) = NULL | vdev->memory_lock, dmabuf->resv
      dma_resv_wait_timeout(resv->fences) no fences | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      kref_init(priv->kref) 0 -> 1 | vdev->memory_lock
      reinit_completion(priv->comp) done = 0 | vdev->memory_lock
      dma_resv_lock(dmabuf->resv) | vdev->memory_lock
      priv->status TEMP_REVOKED -> OK | vdev->memory_lock, dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | vdev->memory_lock, dmabuf->resv
      fput(f_ref) 4 -> 3 | vdev->memory_lock
      get_file_active(f_ref) 1 -> 2 | vdev->memory_lock
      priv->vdev == vdev | vdev->memory_lock
      priv->status == PERM_REVOKED | vdev->memory_lock
      fput(f_ref) 2 -> 1 | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      fput(f_ref) 2 -> 1
    detach
      dma_resv_lock(dmabuf->resv)
      xchg(importer->sgt) = NULL | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      dma_resv_lock(dmabuf->resv)
      list_del(dmabuf->attachments) | dmabuf->resv
      dma_resv_unlock(dmabuf->resv) | dmabuf->resv
      kfree(struct dma_buf_attachment)
      fput(f_ref) 3 -> 2
    the end of the machine
      down_read(mmap_lock)
      unmap_vmas(page table) | mmap_lock(r)
      up_read(mmap_lock) | mmap_lock(r)
      down_write(mmap_lock)
      down_write(i_mmap_rwsem) | mmap_lock
      up_write(i_mmap_rwsem) | mmap_lock, i_mmap_rwsem
      remove_vma(mm_mt) | mmap_lock
      fput(f_ref) 2 -> 1 | mmap_lock
      up_write(mmap_lock) | mmap_lock
      close_files(files)
      fput(f_ref) 1 -> 0
      fput(f_ref) 1 -> 0
      fput(f_ref) 1 -> 0
      priv->vdev == vdev
      down_write(vdev->memory_lock)
      list_del_init(vdev->dmabufs) | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      refcount_dec_and_test(device->refcount) 4 -> 3
      kfree(struct vfio_pci_dma_buf)
      list_empty(dmabuf->attachments) = 1
      kfree(struct file)
      priv->vdev == vdev
      down_write(vdev->memory_lock)
      list_del_init(vdev->dmabufs) | vdev->memory_lock
      up_write(vdev->memory_lock) | vdev->memory_lock
      refcount_dec_and_test(device->refcount) 3 -> 2
      kfree(struct vfio_pci_dma_buf)
      list_empty(dmabuf->attachments) = 1
      kfree(struct file)
      mutex_lock(dev_set->lock)
      down_write(vdev->memory_lock) | dev_set->lock
      list_for_each_entry_safe(vdev->dmabufs) 0 buffers | dev_set->lock, vdev->memory_lock
      up_write(vdev->memory_lock) | dev_set->lock, vdev->memory_lock
      pdev->current_state == d0 | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      vfio_config_free(vconfig[PCI_COMMAND]) | dev_set->lock
      pci_read_config_word(PCI_COMMAND) = 0x2 | dev_set->lock
      pci_write_config_word(PCI_COMMAND) 0x2 -> 0x0 | dev_set->lock
      device->open_count 1 -> 0 | dev_set->lock
      mutex_unlock(dev_set->lock) | dev_set->lock
      refcount_dec_and_test(device->refcount) 2 -> 1
      kfree(struct file)
      kasan_byte_accessible(struct vfio_pci_core_device) = 1
      refcount_dec_and_test(device->refcount) 1 -> 0
      complete(device->comp) done = 1
      wait_for_completion(device->comp) done = 0
      kfree(struct vfio_pci_core_device)
    """
}
